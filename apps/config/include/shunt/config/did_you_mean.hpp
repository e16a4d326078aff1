#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/config/namespace.hpp"

namespace shunt::config {

// The known word nearest to a mistyped one, if it is near enough to be meant: "" otherwise.
[[nodiscard]] std::string nearest(std::string_view typed, const std::vector<std::string>& known);

// `; did you mean "listen"?`, or "" if nothing is near.
[[nodiscard]] std::string did_you_mean(std::string_view typed, const std::vector<std::string>& known);

}  // namespace shunt::config
