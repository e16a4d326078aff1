#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "shunt/base/current.hpp"
#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What the models' configuration says of the flip now. A request goes by the policy that it was given when it
// came. Any thread.
class CurrentPolicies {
 public:
  explicit CurrentPolicies(ModelPolicies first) : policies_(std::move(first)) {}

  // Never nullptr: a model that is not named has the defaults.
  [[nodiscard]] std::shared_ptr<const ModelPolicy> of(std::string_view model) const {
    static const auto kDefault = std::make_shared<const ModelPolicy>();
    const auto policies = policies_.take();
    const auto found = policies->find(model);
    if (found == policies->end()) return kDefault;
    return {policies, &found->second};
  }
  void replace(ModelPolicies next) { policies_.replace(std::move(next)); }

 private:
  Current<ModelPolicies> policies_;
};

}  // namespace shunt::flip
