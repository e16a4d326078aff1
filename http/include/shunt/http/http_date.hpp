#pragma once

#include <string>

#include "shunt/base/clock.hpp"

namespace shunt::http {

// "Sun, 06 Nov 1994 08:49:37 GMT".
[[nodiscard]] std::string format_http_date(WallTime time);

}  // namespace shunt::http
