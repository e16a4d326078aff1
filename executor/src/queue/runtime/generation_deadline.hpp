#pragma once

#include <algorithm>
#include <chrono>

#include "shunt/base/error.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/generation_record.hpp"

namespace shunt::executor {

// A generation without a job after this long has none any more: between its admission and its add there is
// none yet, and whoever takes a lost one over has had the time.
[[nodiscard]] inline std::chrono::milliseconds missing_after(const QueueOptions& options) {
  return std::max<std::chrono::milliseconds>(4 * options.enqueue_deadline, std::chrono::seconds(1));
}

// The time from `now` to `at`, at most ten years to either side: what is added to a steady clock, whose
// nanoseconds an absurd time in a record would overflow. Pure.
[[nodiscard]] inline std::chrono::milliseconds time_until(WallTime at, WallTime now) {
  constexpr std::chrono::milliseconds kFar = std::chrono::hours(24 * 3650);
  return std::clamp<std::chrono::milliseconds>(at - now, -kFar, kFar);
}

// The error is worded as in sync mode, whichever process notices it.
[[nodiscard]] Error deadline_exceeded(const GenerationRecord& record);

}  // namespace shunt::executor
