#pragma once

#include <cstdint>
#include <optional>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Events in a sample.
struct Share {
  std::uint64_t events = 0;
  std::uint64_t of = 0;
  [[nodiscard]] double value() const noexcept {
    return of == 0 ? 0 : static_cast<double>(events) / static_cast<double>(of);
  }
};

// The pooled two-proportion z of "the canary's share is larger", by how many standard deviations of no
// difference. 0 where nothing can be said: an empty side, or no event, or nothing but events.
[[nodiscard]] double z_of(const Share& control, const Share& canary) noexcept;

// How many jobs a side has to have for a rise from `base` by `rise` to be found with 80 % power at a
// one-sided level of 5 %. Both within 0 to 1, and base + rise below 1.
[[nodiscard]] std::uint64_t jobs_needed(double base, double rise) noexcept;

// The smallest rise above the control's share that samples of these sizes would show, with the same power and
// level; nullopt if they are too small to show any. Unequal sides count as two of their harmonic mean.
[[nodiscard]] std::optional<double> smallest_detectable_rise(double base, std::uint64_t control_jobs,
                                                             std::uint64_t canary_jobs) noexcept;

}  // namespace shunt::flip
