#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "shunt/base/json.hpp"
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

// `call` counts the calls of the answer from 0; the texts are what grew of it. `type` and each member of
// `extra` are whole, and take the place of what was there.
struct ToolCallPiece {
  std::size_t call = 0;
  std::string id{};
  std::string name{};
  std::string arguments{};
  std::string type{};
  JsonObject extra{};
  [[nodiscard]] bool operator==(const ToolCallPiece&) const = default;
};

// Of the text or the refusal that came with it, an element a token.
struct LogprobsPiece {
  JsonArray content{};
  JsonArray refusal{};
  [[nodiscard]] bool operator==(const LogprobsPiece&) const = default;
};

// `data` and `transcript` grow; `data` is base64, cut anywhere.
struct AudioPiece {
  std::string id{};
  std::string format{};
  std::string data{};
  std::string transcript{};
  std::optional<std::int64_t> expires_at{};
  [[nodiscard]] bool operator==(const AudioPiece&) const = default;
};

// An image, whole.
struct ImagePiece {
  std::string url{};
  [[nodiscard]] bool operator==(const ImagePiece&) const = default;
};

using AnswerPiece = std::variant<TextPiece, ReasoningPiece, RefusalPiece, ToolCallPiece, LogprobsPiece,
                                 AudioPiece, ImagePiece>;
using AnswerPieces = std::vector<AnswerPiece>;

}  // namespace shunt::generation::openai
