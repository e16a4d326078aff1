#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

#include "shunt/base/clock.hpp"
#include "shunt/flip/breaker.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// The breaker of a process, for all its threads, with the process's clock and random draws. What it does is
// logged: `breaker.opened`, `breaker.closed`.
class SharedBreaker {
 public:
  SharedBreaker(const BreakerOptions& options, BreakerMode mode, const Clock& clock);

  [[nodiscard]] Breaker::Permit admit();
  void ended(EnqueueOutcome outcome, std::uint64_t opening);
  [[nodiscard]] Breaker::Probes probes_to_send();
  void probe_ended(bool good, std::uint64_t opening);

  // For the operator; and for whoever hears of the other processes' breakers.
  void set_mode(BreakerMode mode);
  void hint(bool others_open);

  // For how long it has not been closed; 0 while it is, and in the forced modes: LocalView::breaker_open_for.
  [[nodiscard]] std::chrono::milliseconds open_for(SteadyTime now) const;

  struct View {
    BreakerState state = BreakerState::kClosed;
    BreakerMode mode = BreakerMode::kNormal;
    double admitted_share = 1;
    std::chrono::milliseconds open_for{0};
    std::uint64_t opened = 0;   // how often, since the start
    std::uint64_t refused = 0;  // requests that it did not let through
    std::uint64_t good_probes = 0;
    std::uint64_t bad_probes = 0;
  };
  [[nodiscard]] View view() const;

  // Called after each opening, on the thread that caused it, outside of every lock; it must not throw. Set it
  // before the first submit.
  void on_opened(std::function<void()> told) { on_opened_ = std::move(told); }

 private:
  template <typename Change>
  auto change(const Change& change);
  [[nodiscard]] double draw() noexcept;

  const Clock& clock_;
  std::function<void()> on_opened_;
  std::atomic<std::uint64_t> random_;  // SplitMix64's counter
  mutable std::mutex mutex_;
  Breaker breaker_;
  std::uint64_t opened_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t good_probes_ = 0;
  std::uint64_t bad_probes_ = 0;
};

}  // namespace shunt::flip
