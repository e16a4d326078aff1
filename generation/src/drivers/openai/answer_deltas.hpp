#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "drivers/openai/answer_piece.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/message_parts.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

struct AnswerDelta {
  std::string text{};
  MessageParts parts{};
};

// Makes a generation's deltas from an answer's pieces. What comes at once and is of one kind becomes one
// delta, and log probabilities go with what they are of, so that nothing of the order is lost: a delta has
// text, or a thought, or calls.
class AnswerDeltas {
 public:
  // Fails with `upstream_broken` for audio that is no base64; `deltas` has what came before it.
  [[nodiscard]] Result<void> take(AnswerPieces pieces, std::vector<AnswerDelta>& deltas);
  // Nothing more comes. Audio may end without its padding.
  [[nodiscard]] Result<void> finish(std::vector<AnswerDelta>& deltas);

 private:
  struct Call {
    std::string id{};
    std::string name{};
  };
  enum class Kind { kNone, kText, kReasoning, kRefusal, kCalls, kAudio, kImages };

  [[nodiscard]] static Kind kind_of(const AnswerPiece& piece);
  [[nodiscard]] Result<void> put(AnswerPiece piece, AnswerDelta& into);
  void put_call(ToolCallPiece piece, MessageParts& into);
  [[nodiscard]] Result<void> put_audio(AudioPiece piece, MessageParts& into);

  // An answer's pieces tell how ids and names grow; a delta has them whole.
  std::vector<Call> calls_;
  std::string base64_;  // the beginning of a group of four
  std::size_t images_ = 0;
};

}  // namespace shunt::generation::openai
