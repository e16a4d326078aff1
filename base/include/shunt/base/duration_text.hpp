#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "shunt/base/result.hpp"

namespace shunt::base {

// "250ms", "30s", "10m", "2h", "7d": a whole number and a unit, as configuration and command lines write it.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

// "512", "64KiB", "8MiB", "1GiB": bytes.
[[nodiscard]] Result<std::size_t> parse_bytes(std::string_view text);
[[nodiscard]] std::string format_bytes(std::size_t bytes);

}  // namespace shunt::base
