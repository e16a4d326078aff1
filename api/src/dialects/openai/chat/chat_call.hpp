#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /chat/completions.
[[nodiscard]] Result<Call> make_chat_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai
