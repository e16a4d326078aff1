#pragma once

#include "shunt/executor/observer.hpp"
#include "shunt/flip/in_flight.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Hears of the ends of both executors for the FlipExecutor, and passes on all that it hears. Any thread.
class FlipObserver final : public executor::ExecutorObserver {
 public:
  // `next` may be nullptr, and outlives this.
  explicit FlipObserver(executor::ExecutorObserver* next) noexcept : next_(next) {}

  // The canary's generations: those that bucket or allow list have sent to the queue.
  [[nodiscard]] InFlight& canary() noexcept { return canary_; }

  void submitted(const Submitted& request) override {
    if (next_ != nullptr) next_->submitted(request);
  }
  void ended(const Ended& end) override {
    canary_.ended(end.id);
    if (next_ != nullptr) next_->ended(end);
  }
  void failed(const Failed& failure) override {
    if (next_ != nullptr) next_->failed(failure);
  }

 private:
  executor::ExecutorObserver* const next_;
  InFlight canary_;
};

}  // namespace shunt::flip
