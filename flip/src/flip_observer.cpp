#include "shunt/flip/flip_observer.hpp"

#include <mutex>

namespace shunt::flip {

FlipObserver::FlipObserver(executor::ExecutorObserver* next, const ModelPolicies& policies) : next_(next) {
  use_policies(policies);
}

void FlipObserver::use_policies(const ModelPolicies& policies) {
  const std::unique_lock lock(mutex_);
  for (const auto& [model, policy] : policies) {
    if (policy.on_queue_down == OnQueueDown::kSync) fallbacks_.try_emplace(model);
  }
}

InFlight* FlipObserver::fallbacks_of(std::string_view model) noexcept {
  const std::shared_lock lock(mutex_);
  const auto found = fallbacks_.find(model);
  return found == fallbacks_.end() ? nullptr : &found->second;
}

void FlipObserver::submitted(const Submitted& request) {
  if (next_ != nullptr) next_->submitted(request);
}

void FlipObserver::ended(const Ended& end) {
  canary_.ended(end.id);
  if (InFlight* const fallbacks = fallbacks_of(end.model)) fallbacks->ended(end.id);
  if (next_ != nullptr) next_->ended(end);
}

void FlipObserver::failed(const Failed& failure) {
  if (next_ != nullptr) next_->failed(failure);
}

void FlipObserver::registry(Registry what) {
  if (next_ != nullptr) next_->registry(what);
}

}  // namespace shunt::flip
