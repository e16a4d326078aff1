#pragma once

#include <cstdint>
#include <string_view>

#include "shunt/flip/weight.hpp"

namespace shunt::flip {

// MurmurHash3, the x86 variant of 32 bits (Austin Appleby, public domain algorithm). The same on every
// machine.
[[nodiscard]] std::uint32_t murmur3_x86_32(std::string_view data, std::uint32_t seed = 0) noexcept;

// Where a key stands among Weight::kWhole buckets for as long as the salt stays: the hash of `salt ":" key`,
// scaled by multiplication so that every bucket is as likely. Takes time in proportion to the texts and
// allocates nothing.
[[nodiscard]] std::uint32_t bucket_of(std::string_view salt, std::string_view key) noexcept;

// Which side of the comparison a bucket is on. The canary is the lowest buckets, so that raising the weight
// adds keys and moves none back. The control is as many of the highest ones: a group of callers as large as
// the canary, which stays the same within a step; above a weight of 50 % it is all that is left.
enum class Side { kNone, kCanary, kControl };
[[nodiscard]] Side side_of(std::uint32_t bucket, Weight weight) noexcept;

}  // namespace shunt::flip
