#pragma once

#include <cstdint>
#include <string_view>

namespace shunt::base {

inline constexpr std::uint64_t kFnv1aStart = 0xcbf29ce484222325;

// FNV-1a of 64 bits, on from `hash`: the same on every machine, and no secret. Whoever chooses the texts can
// make two of one hash.
[[nodiscard]] constexpr std::uint64_t fnv1a(std::string_view text,
                                            std::uint64_t hash = kFnv1aStart) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace shunt::base
