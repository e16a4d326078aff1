#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /completions: the call that was there before chats.
[[nodiscard]] Result<Call> make_completion_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai
