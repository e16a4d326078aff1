#pragma once

#include <string>

#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::api::dialects::openai {

// A chat's messages as one text, for models that take no messages: a single message of the user's is its text
// as it is; otherwise each message is a paragraph, "user: ...", and "assistant:" is the last line, which the
// model goes on from. Parts that are no text, and calls of tools, are refused by name.
[[nodiscard]] Result<std::string> as_one_text(const Json& messages);

}  // namespace shunt::api::dialects::openai
