#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

// Calls are written as OpenAI's API has them, which is what its servers take, and are read from there.
namespace shunt::api::dialects::ollama {

// POST /api/chat.
[[nodiscard]] Result<Call> make_chat_call(const CallContext& context, JsonObject body);
// POST /api/generate: a chat of one message, or a completion where the text must reach the model as it is
// (`raw`, `suffix`) or the model answers nothing else.
[[nodiscard]] Result<Call> make_generate_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::ollama
