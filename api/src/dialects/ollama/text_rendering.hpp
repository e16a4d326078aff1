#pragma once

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"

namespace shunt::api::dialects::ollama {

// Where an answer has its text: `message.content`, or `response`.
enum class Answer { kMessage, kResponse };

// One JSON object, or a line for each piece and a last one with `done`.
[[nodiscard]] std::unique_ptr<Rendering> make_text_rendering(std::string model, Answer answer);

}  // namespace shunt::api::dialects::ollama
