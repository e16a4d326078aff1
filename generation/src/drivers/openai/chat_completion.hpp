#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"

namespace shunt::openai {

// Puts one chat completion together: from its streamed chunks, or from the single object of a server that
// does not stream. Only choice 0 counts; there is no other (chat_request.hpp).
class ChatCompletion {
 public:
  // `secret` is kept out of errors (upstream_error.hpp) and outlives the object.
  explicit ChatCompletion(std::string_view secret = {}) : secret_(secret) {}

  // Takes one JSON document of the answer and appends the text it brings. Fails with `upstream_failed` when
  // the document reports an error, with `upstream_broken` when it is not of the protocol.
  [[nodiscard]] Result<void> take(const Json& document, std::string& text);

  // Whether the upstream said why it ended.
  [[nodiscard]] bool finished() const noexcept { return finish_reason_.has_value(); }

  // {"finish_reason", "model", "usage"?, "message"?, "logprobs"?}. `message` holds what the model's message
  // has beside role and text: tool_calls, reasoning_content, refusal.
  [[nodiscard]] Json result() const;

 private:
  [[nodiscard]] Result<void> take_choice(const JsonObject& choice, std::string& text);
  [[nodiscard]] Result<void> take_message(const JsonObject& message, std::string& text);

  const std::string_view secret_;
  std::optional<std::string> finish_reason_;
  std::string model_;
  JsonObject usage_;
  JsonObject message_;
  JsonObject logprobs_;
};

}  // namespace shunt::openai
