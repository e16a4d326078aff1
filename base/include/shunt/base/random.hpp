#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace shunt::base {

// Randomness of the kernel, which nobody outside can guess: for keys, names and seeds. Any thread. Throws
// std::system_error if the kernel has none, which no running system does.
void fill_random(std::span<std::byte> bytes);
[[nodiscard]] std::uint64_t random_number();

// A name that nobody else has: `bytes` random bytes as lower-case hex digits.
[[nodiscard]] std::string random_name(std::size_t bytes = 16);

}  // namespace shunt::base
