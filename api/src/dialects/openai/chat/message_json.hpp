#pragma once

#include <string>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::api::dialects::openai {

// Writes what a message, or a chunk's delta, has beside its text, as OpenAI names it: refusal, tool_calls,
// function_call, audio; and what its servers' kin call reasoning_content and images. `is_delta`: each call of
// a tool has its index.
void write_message_parts(JsonObjectWriter& message, const MessageParts& parts, bool is_delta);

// {"content": [...] | null, "refusal": [...] | null}, or null where there are none.
void append_logprobs(std::string& out, const Logprobs& logprobs);

}  // namespace shunt::api::dialects::openai
