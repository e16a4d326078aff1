#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "shunt/generation/input_rules.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation {

// "https" or "data".
[[nodiscard]] std::string_view url_scheme(InputRule::Url url) noexcept;

// Whether a rule may list it: a name of a host, or "*." and one for all names below it. No address, no port.
[[nodiscard]] bool is_host_pattern(std::string_view pattern) noexcept;

// Whether files may be fetched from there. An empty list has every host in it. Names are compared as DNS
// does: without regard to case, or to a dot at the end.
[[nodiscard]] bool is_host_in(std::string_view host, const std::vector<std::string>& patterns);

}  // namespace shunt::generation
