#pragma once

#include <map>
#include <string>

#include "shunt/flip/decision.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What a model's configuration says about the flip.
struct ModelPolicy {
  ModelRule rule = ModelRule::kNone;
};
// By model. One that is not named has the defaults.
using ModelPolicies = std::map<std::string, ModelPolicy, std::less<>>;

}  // namespace shunt::flip
