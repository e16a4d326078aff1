#pragma once

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::dialects::openai {

// Takes what a request's body has beside its input, its tools and what is ours to do: what the response shows
// of it goes into `echo`, what a chat is to be asked, by the names that it has there, into `chat`. Refuses by
// name what is not done. What is left in the body afterwards are members that OpenAI does not know.
[[nodiscard]] Result<void> take_parameters(JsonObject& body, JsonObject& echo, JsonObject& chat);

}  // namespace shunt::api::dialects::openai
