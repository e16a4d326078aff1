#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "shunt/base/json.hpp"
#include "shunt/flip/decision.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/queue_down.hpp"

namespace shunt::flip {

// What a model's configuration says about the flip.
struct ModelPolicy {
  ModelRule rule = ModelRule::kNone;
  OnQueueDown on_queue_down = OnQueueDown::kRefuse;
  DownRule down;
  // How many generations that fell back to sync run in this process at once, beside the model's others.
  std::size_t fallback_concurrency = 2;
  // What the breaker's probes ask of the model; none: it is not probed.
  std::optional<JsonObject> probe_input{};
  [[nodiscard]] bool operator==(const ModelPolicy&) const = default;
};
// By model. One that is not named has the defaults.
using ModelPolicies = std::map<std::string, ModelPolicy, std::less<>>;

}  // namespace shunt::flip
