#pragma once

#include "dialects/openai/responses/response_facts.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::dialects::openai {

// Takes `tools`, `tool_choice` and `parallel_tool_calls` out of a request's body: what the response shows of
// them goes into `echo`, and what a chat is to be asked into `chat`. Tools that OpenAI runs itself are
// refused by their name.
[[nodiscard]] Result<void> take_tools(JsonObject& body, JsonObject& echo, JsonObject& chat);

}  // namespace shunt::api::dialects::openai
