#pragma once

#include <random>
#include <string>
#include <string_view>

namespace shunt::executor {

// A name that no other process has: "<kind>-" and 128 random bits.
[[nodiscard]] inline std::string make_process_name(std::string_view kind) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::random_device random;
  std::string name(kind);
  name += '-';
  for (int word = 0; word < 4; ++word) {
    auto bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) name += kDigits[bits & 15];
  }
  return name;
}

}  // namespace shunt::executor
