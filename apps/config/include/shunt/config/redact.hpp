#pragma once

#include <map>
#include <string>
#include <string_view>

#include "shunt/config/namespace.hpp"

namespace shunt::config {

// An address that may be shown: passwords and queries replaced. What is not of the form scheme://host...
// becomes
// "(set)" as a whole, since a secret may be anywhere in it. Empty stays empty.
[[nodiscard]] std::string redacted_url(std::string_view url);

// A table of texts with its names alone: values are often credentials.
[[nodiscard]] std::string names_alone(const std::map<std::string, std::string>& texts);

}  // namespace shunt::config
