#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/openai/chat_completion.hpp"
#include "drivers/openai/sse_parser.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "shunt/base/result.hpp"

namespace shunt::openai {

// Reads the body of a good (2xx) answer: a stream of events, or one JSON object from a server that ignored
// `stream`. From bytes to text and a result; no I/O.
class AnswerReader {
 public:
  // `content_type` as it came; without one the first byte decides. What `quoting` names outlives the object.
  AnswerReader(std::string_view content_type, std::size_t max_event_bytes, const Quoting& quoting);

  // Appends the text that `bytes` brings to `text`, also when it fails: what came before stays.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::string& text);

  // The body has ended in good order. For a JSON answer this is where the text comes.
  [[nodiscard]] Result<void> end(std::string& text);

  // "[DONE]" was read: nothing of interest follows.
  [[nodiscard]] bool done() const noexcept { return done_; }
  // The answer is whole, even if the connection breaks now.
  [[nodiscard]] bool complete() const noexcept { return done_ || completion_.finished(); }
  [[nodiscard]] Json result() const { return completion_.result(); }

 private:
  enum class Form { kUnknown, kEvents, kJson, kOther };

  [[nodiscard]] Result<void> take(const SseEvent& event, std::string& text);
  [[nodiscard]] Result<void> take_json(std::string_view document, std::string& text);

  const Quoting quoting_;
  Form form_;
  std::string content_type_;
  SseParser parser_;
  std::string body_;  // of a JSON answer, whole
  ChatCompletion completion_;
  bool done_ = false;
};

}  // namespace shunt::openai
