#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"

namespace shunt::api {

// What a client prefers (RFC 7240), as far as it is understood here.
struct Preferences {
  bool respond_async = false;
  std::optional<std::chrono::seconds> wait;  // at most a day
};

// Reads a Prefer header, several lines joined by commas. Of equal preferences the first counts; what is
// unknown or malformed is ignored, each preference by itself (RFC 7240, 2).
[[nodiscard]] Preferences parse_prefer(std::string_view header);

}  // namespace shunt::api
