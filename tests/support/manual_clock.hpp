#pragma once

#include <atomic>

#include "shunt/base/clock.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// A clock that stands still until it is told to move. Safe from any thread.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_ms = 1'700'000'000'000) : ms_(start_ms) {}
  void advance(std::chrono::milliseconds by) { ms_ += by.count(); }

  WallTime now() const override { return WallTime(std::chrono::milliseconds(ms_.load())); }
  SteadyTime steady_now() const override { return SteadyTime(std::chrono::milliseconds(ms_.load())); }

 private:
  std::atomic<std::int64_t> ms_;
};

}  // namespace shunt::testing
