#pragma once

#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What the models' configuration says of the flip now. A request goes by the policy that it was given when it
// came. Any thread.
class CurrentPolicies {
 public:
  explicit CurrentPolicies(ModelPolicies first)
      : policies_(std::make_shared<const ModelPolicies>(std::move(first))) {}

  // Never nullptr: a model that is not named has the defaults.
  [[nodiscard]] std::shared_ptr<const ModelPolicy> of(std::string_view model) const {
    static const auto kDefault = std::make_shared<const ModelPolicy>();
    const std::lock_guard lock(mutex_);
    const auto found = policies_->find(model);
    if (found == policies_->end()) return kDefault;
    return {policies_, &found->second};
  }
  void replace(ModelPolicies next) {
    auto replacement = std::make_shared<const ModelPolicies>(std::move(next));
    const std::lock_guard lock(mutex_);
    policies_.swap(replacement);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ModelPolicies> policies_;
};

}  // namespace shunt::flip
