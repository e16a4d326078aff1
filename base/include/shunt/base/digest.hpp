#pragma once

#include <string>
#include <string_view>

namespace shunt::base {

// SHA-256 as 64 lower-case hex digits. Any thread.
[[nodiscard]] std::string sha256_hex(std::string_view data);

// Compares in time that depends only on the lengths. For secrets and their digests.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept;

}  // namespace shunt::base
