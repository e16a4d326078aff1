#pragma once

#include <optional>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST responses: a chat whose answer is a response.
[[nodiscard]] Result<Call> make_response_call(const CallContext& context, JsonObject body);

// The generation of `previous_response_id`, which has to be there for make_response_call.
[[nodiscard]] std::optional<GenerationId> earlier_response(const JsonObject& body);

}  // namespace shunt::api::dialects::openai
