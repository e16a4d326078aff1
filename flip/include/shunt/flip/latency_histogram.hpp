#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// How long generations took, counted in fixed buckets: eight to each doubling, from 1 ms to 2 hours, so that
// two borders are 9 % apart. Counts of several processes are added bucket by bucket, and nothing is sorted.
// The borders are the same in every process, for what travels is a bucket's number.
class LatencyHistogram {
 public:
  static constexpr std::size_t kPerDoubling = 8;
  // The first bucket has all below 1 ms, the last one all above its lower border, 2^23 ms (2 hours 20
  // minutes).
  static constexpr std::size_t kBuckets = 23 * kPerDoubling + 2;

  [[nodiscard]] static std::size_t bucket_of(std::chrono::milliseconds time) noexcept;
  // The upper border of a bucket in milliseconds; of the last one, its lower border.
  [[nodiscard]] static double border_ms(std::size_t bucket) noexcept;

  void add(std::size_t bucket, std::uint64_t count = 1) noexcept;
  void add(const LatencyHistogram& other) noexcept;

  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket]; }
  // How many are in the buckets above this one.
  [[nodiscard]] std::uint64_t above(std::size_t bucket) const noexcept;
  // The bucket in which this share of them is reached. nullopt: it is empty.
  [[nodiscard]] std::optional<std::size_t> quantile_bucket(double share) const noexcept;
  // In milliseconds, evenly spread within its bucket; 0 when empty.
  [[nodiscard]] double quantile_ms(double share) const noexcept;

  [[nodiscard]] bool operator==(const LatencyHistogram&) const = default;

 private:
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace shunt::flip
