#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /audio/speech.
[[nodiscard]] Result<Call> make_speech_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai
