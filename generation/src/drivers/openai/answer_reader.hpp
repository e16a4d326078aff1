#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "drivers/driver_memory.hpp"
#include "drivers/openai/answer_form.hpp"
#include "drivers/openai/answer_piece.hpp"
#include "drivers/openai/body_reader.hpp"
#include "drivers/openai/chat_completion.hpp"
#include "drivers/openai/repeated_chunk.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "drivers/openai/upstream_json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/sse_reader.hpp"

namespace shunt::generation::openai {

// Reads the body of a good (2xx) answer: a stream of events, or one JSON object from a server that ignored
// `stream`, whatever its media type says. From bytes to pieces and a result; no I/O. The same bytes give the
// same pieces' texts, result and error, however they are split.
//
// What it holds of bytes, and of what they mean, is taken from `memory` before it is there; what does not fit
// is the error `overloaded`.
class AnswerReader final : public BodyReader {
 public:
  // What `quoting` names outlives the object, and so does `memory`.
  AnswerReader(std::string_view content_type, std::size_t max_event_bytes, const Quoting& quoting,
               MemoryBudget& memory = MemoryBudget::unlimited());

  // Appends what `bytes` brings to `pieces`, also when it fails: what came before stays. Never fails once the
  // answer is complete.
  [[nodiscard]] Result<void> feed(std::string_view bytes, AnswerPieces& pieces) override;

  // For a JSON answer this is where the pieces come.
  [[nodiscard]] Result<void> end(Ending ending, AnswerPieces& pieces) override;

  // "[DONE]" was read: nothing of interest follows.
  [[nodiscard]] bool done() const noexcept override { return done_; }
  // The answer is whole, even if the connection breaks now.
  [[nodiscard]] bool complete() const noexcept override;
  // It is, and this server says so once: nothing but usage and [DONE] is to follow.
  [[nodiscard]] bool only_waits_for_done() const noexcept override {
    return completion_.ended() && !completion_.ends_too_often();
  }
  // Once complete: what was held back, and then the result.
  [[nodiscard]] Result<void> finish(AnswerPieces& pieces) override;
  [[nodiscard]] Json take_result() override { return completion_.result(); }

  // What is held of the body's bytes, at most max_response_bytes of the transfer.
  [[nodiscard]] std::size_t held_bytes() const noexcept {
    return lead_.capacity() + body_.capacity() + events_.held_bytes() + chunk_.held_bytes();
  }
  // What is taken from the memory of the drivers.
  [[nodiscard]] std::size_t reserved_bytes() const noexcept { return memory_.held(); }

 private:
  [[nodiscard]] Result<void> feed_some(std::string_view bytes, AnswerPieces& pieces);
  [[nodiscard]] Result<void> feed_parser(std::string_view bytes, AnswerPieces& pieces);
  // Takes room for `more` beside what is held.
  [[nodiscard]] bool hold(std::size_t more);
  // The same, and false when the answer is complete and goes on without it: it is done then.
  [[nodiscard]] Result<bool> room_for(std::size_t more);
  // A document has been taken that may have left this much in the completion.
  void count_document(std::size_t most);
  [[nodiscard]] Result<void> read(std::string_view bytes, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take(const http::SseEvent& event, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_repeated(std::string_view text, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_chunk(std::string_view data, const UpstreamDocuments& read,
                                        AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_documents(const UpstreamDocuments& read, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_body(Ending ending, AnswerPieces& pieces);

  const Quoting quoting_;
  const std::string media_type_;
  std::optional<AnswerForm> form_;
  std::string lead_;  // the first bytes, until they tell the form
  http::SseReader events_;
  std::string body_;  // of a JSON answer, whole
  RepeatedChunk chunk_;
  ChatCompletion completion_;
  DriverMemory memory_;
  std::size_t completion_bytes_ = 0;  // when it was looked at last
  std::size_t may_have_grown_ = 0;    // the most that it can have grown by since then
  bool done_ = false;
  bool whole_body_ = false;
};

}  // namespace shunt::generation::openai
