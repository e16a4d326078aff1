#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// What an answer brings, in the order in which it came. The texts of all pieces of a kind, joined, are the
// whole; nothing is ever taken back. A text may end inside a UTF-8 sequence that the next piece of its kind
// completes.
struct TextPiece {
  std::string text{};
  [[nodiscard]] bool operator==(const TextPiece&) const = default;
};
struct ReasoningPiece {
  std::string text{};
  [[nodiscard]] bool operator==(const ReasoningPiece&) const = default;
};
struct RefusalPiece {
  std::string text{};
  [[nodiscard]] bool operator==(const RefusalPiece&) const = default;
};

// `call` counts the calls of the answer from 0; the texts are what grew of it.
struct ToolCallPiece {
  std::size_t call = 0;
  std::string id{};
  std::string name{};
  std::string arguments{};
  [[nodiscard]] bool operator==(const ToolCallPiece&) const = default;
};

using AnswerPiece = std::variant<TextPiece, ReasoningPiece, RefusalPiece, ToolCallPiece>;
using AnswerPieces = std::vector<AnswerPiece>;

}  // namespace shunt::generation::openai
