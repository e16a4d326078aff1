#pragma once

#include <string>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// An input has either `prompt` (text) or `messages` (objects with a `role`); `model`, `stream` and more than
// one choice (`n`) are Shunt's to decide and refused by name. Whatever else is there is the upstream's
// business.
[[nodiscard]] Result<void> check_chat_input(const Json& input);

// The body of POST /chat/completions. Precondition: check_chat_input(input) holds.
[[nodiscard]] std::string chat_request_body(const Json& input, const OpenAiOptions& upstream);

}  // namespace shunt::generation::openai
