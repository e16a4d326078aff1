#pragma once

#include <functional>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "shunt/executor/observer.hpp"
#include "shunt/flip/in_flight.hpp"
#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Hears of the ends of both executors for the FlipExecutor, and passes on all that it hears. Any thread.
class FlipObserver final : public executor::ExecutorObserver {
 public:
  // `next` may be nullptr, and outlives this.
  explicit FlipObserver(executor::ExecutorObserver* next, const ModelPolicies& policies = {});

  // The canary's generations: those that bucket or allow list have sent to the queue.
  [[nodiscard]] InFlight& canary() noexcept { return canary_; }
  // Those of the model that fell back to sync. nullptr for a model that never does.
  [[nodiscard]] InFlight* fallbacks_of(std::string_view model) noexcept;
  // Models that fall back from now on have theirs. One that did so before keeps it: its generations may run.
  void use_policies(const ModelPolicies& policies);

  void submitted(const Submitted& request) override;
  void ended(const Ended& end) override;
  void failed(const Failed& failure) override;
  void registry(Registry what) override;

 private:
  executor::ExecutorObserver* const next_;
  InFlight canary_;
  mutable std::shared_mutex mutex_;  // guards the map, whose entries stay
  std::map<std::string, InFlight, std::less<>> fallbacks_;
};

}  // namespace shunt::flip
