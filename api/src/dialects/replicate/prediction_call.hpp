#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// What makes a generation of a POST for a prediction.
namespace shunt::api::dialects::replicate {

// POST predictions: the body names a version.
[[nodiscard]] Result<Call> predict_version(const CallContext& context, JsonObject body);
// POST models/{owner}/{name}/predictions, and of deployments.
[[nodiscard]] Result<Call> predict_model(const CallContext& context, JsonObject body);

// Clients send a POST again when its connection broke, and never say so.
[[nodiscard]] std::optional<RepeatRule> join_rule(const http::Headers& headers);

}  // namespace shunt::api::dialects::replicate
