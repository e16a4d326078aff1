#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/flip/plan.hpp"
#include "shunt/flip/transition.hpp"

namespace shunt::api {

// What the body of a POST below /admin/flip asks for beside what its path says.
struct FlipOrder {
  std::optional<flip::Plan> plan;
  std::string why;
  std::vector<std::string> overrides;
  std::optional<flip::FlipEvent> force;  // kForceSync or kForceQueue
};

// Which members a route's body may have.
enum class FlipBody {
  kMove,   // why, overrides
  kStart,  // and plan
  kForce,  // and executor, which has to be there
  kPlan,   // plan alone
};

// Strict: what is not known, not of its type or over its bound is refused by name. An empty body is an object
// without members. `limits` bound the text as those of every body.
[[nodiscard]] Result<FlipOrder> decode_flip_order(std::string_view body, FlipBody which,
                                                  const JsonLimits& limits);

}  // namespace shunt::api
