#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::openai {

// POST /audio/transcriptions and /audio/translations: forms with the sound in the part `file`.
[[nodiscard]] Result<Call> make_transcription_call(const CallContext& context, JsonObject body);
[[nodiscard]] Result<Call> make_translation_call(const CallContext& context, JsonObject body);

}  // namespace shunt::api::dialects::openai
