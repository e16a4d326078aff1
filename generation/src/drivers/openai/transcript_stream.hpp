#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/driver_memory.hpp"
#include "drivers/openai/body_reader.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/sse_reader.hpp"

namespace shunt::generation::openai {

// Reads a transcript that comes as events: OpenAI's transcript.text.delta and transcript.text.done, or vLLM's
// chunks with choices. Each piece is told as it comes; the result is what a transcript as JSON has, with the
// whole text. What the last event says of the text counts only where it is more than the pieces. Events of
// other types are a server's own.
class TranscriptStreamReader final : public BodyReader {
 public:
  // What `quoting` names outlives the object, and so does `memory`.
  TranscriptStreamReader(std::size_t max_event_bytes, const Quoting& quoting, MemoryBudget& memory)
      : quoting_(quoting), events_(max_event_bytes, http::BareJson::kEvent), memory_(memory) {}

  [[nodiscard]] Result<void> feed(std::string_view bytes, AnswerPieces& pieces) override;
  [[nodiscard]] Result<void> end(Ending ending, AnswerPieces& pieces) override;
  [[nodiscard]] bool done() const noexcept override { return done_; }
  [[nodiscard]] bool complete() const noexcept override { return complete_; }
  [[nodiscard]] Result<void> finish(AnswerPieces& pieces) override;
  [[nodiscard]] Json take_result() override { return std::move(result_); }

 private:
  [[nodiscard]] bool hold(std::size_t more);
  [[nodiscard]] Result<void> take(const http::SseEvent& event, AnswerPieces& pieces);
  void take_document(const JsonObject& document, AnswerPieces& pieces);
  void take_choice(const JsonObject& choice, AnswerPieces& pieces);
  void take_whole(std::string_view text, AnswerPieces& pieces);
  void tell(std::string_view text, AnswerPieces& pieces);

  const Quoting quoting_;
  http::SseReader events_;
  DriverMemory memory_;
  std::string text_;       // that has been told
  JsonObject result_;      // beside the text
  bool began_ = false;     // something of a transcript has come
  bool complete_ = false;  // the last event has come
  bool done_ = false;      // nothing of interest follows
};

}  // namespace shunt::generation::openai
