#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_http_date(WallTime time);

// The three forms of a date that RFC 9110, 5.6.7, wants accepted, and some more. From 1970 to the end of the
// year 9999; what is outside is the nearer of the two. Nothing: it is no date.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view text);

}  // namespace shunt::http
