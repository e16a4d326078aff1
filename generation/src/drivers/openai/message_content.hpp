#pragma once

#include <string>

#include "drivers/openai/answer_piece.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// `content` of a message or a delta: a text, or typed parts as Mistral's reasoning models send them
// (symfony/ai#2422): text, what the model thinks, a refusal, and others that are only kept.
struct MessageContent {
  AnswerPieces pieces{};  // in order; none is empty
  JsonArray others{};
};

// Fails with `upstream_broken` for what cannot be text: losing it silently would falsify the answer.
[[nodiscard]] Result<MessageContent> read_message_content(const Json& content);

}  // namespace shunt::generation::openai
