#pragma once

#include <string_view>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// If-None-Match: "*" or a list, compared weakly (RFC 9110, 13.1.2).
[[nodiscard]] bool matches_any_tag(std::string_view header, std::string_view tag) noexcept;

// If-Range: one strong tag. A date never matches, since what has tags here carries none: the whole is sent
// then.
[[nodiscard]] bool if_range_allows(std::string_view header, std::string_view tag) noexcept;

}  // namespace shunt::http
