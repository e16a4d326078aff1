#pragma once

#include <string>
#include <string_view>

#include "shunt/config/namespace.hpp"

namespace shunt::config {

// An address that may be shown: passwords and queries replaced. What is not of the form scheme://host...
// becomes
// "(set)" as a whole, since a secret may be anywhere in it. Empty stays empty.
[[nodiscard]] std::string redacted_url(std::string_view url);

}  // namespace shunt::config
