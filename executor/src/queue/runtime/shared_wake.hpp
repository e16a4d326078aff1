#pragma once

#include <chrono>

#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Duties of this interval or longer come at times that all share, so that those that are due at nearly the
// same time wake the process once. A shorter one keeps its own times.
inline constexpr std::chrono::milliseconds kShortestSharedInterval{2'000};
inline constexpr std::chrono::milliseconds kSharedWake{2'000};

// When a duty that has ended at `ended` comes again: after `interval`, which is moved by half a kSharedWake
// at most where duties share their wakes. So a lease of three intervals (6 s) is renewed at least twice.
// Pure.
[[nodiscard]] inline SteadyTime next_turn(SteadyTime ended, std::chrono::milliseconds interval) {
  const SteadyTime at = ended + interval;
  if (interval < kShortestSharedInterval) return at;
  const auto past = (at.time_since_epoch() + kSharedWake / 2) % kSharedWake;
  return at + kSharedWake / 2 - past;
}

}  // namespace shunt::executor
