#pragma once

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::dialects::ollama {

// A chat's messages as OpenAI has them: images as parts with data: URLs, the arguments of calls as text, and
// an id for each call, which the answer of its tool names. What else a message has stays.
[[nodiscard]] Result<void> translate_messages(Json& messages);

}  // namespace shunt::api::dialects::ollama
