#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "drivers/openai/answer_piece.hpp"
#include "drivers/openai/tool_calls.hpp"
#include "shunt/base/fnv1a.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// Puts one chat completion together: from its streamed chunks, or from the single object of a server that
// does not stream. Only one choice counts; there is no other (chat_request.hpp). The rules of what grows,
// what ends and what is an error are those of docs/generators/openai/answers.md.
class ChatCompletion {
 public:
  // `secrets` are kept out of errors (upstream_error.hpp) and outlive the object.
  explicit ChatCompletion(std::span<const std::string> secrets = {}) : secrets_(secrets) {}

  // Takes one JSON document of the answer and appends what it brings. Fails with the error that the document
  // reports, or with `upstream_broken` when it is not of the protocol. What is neither is noise.
  [[nodiscard]] Result<void> take(const Json& document, AnswerPieces& pieces);
  // Takes a chunk that is the one before it with this text in place of its own (repeated_chunk.hpp).
  void take_repeated(std::string_view text, AnswerPieces& pieces) { add_text(text, pieces); }
  // Nothing more comes: what was held back. Before result().
  [[nodiscard]] Result<void> finish(AnswerPieces& pieces);

  // Whether a choice has come at all.
  [[nodiscard]] bool began() const noexcept { return began_; }
  // Whether the upstream said that this is the end, and nothing more of the answer came behind it.
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  // Whether more came behind such a word once: this server says it in every chunk.
  [[nodiscard]] bool ends_too_often() const noexcept { return ends_too_often_; }
  // Whether a whole message came, which is no piece of anything.
  [[nodiscard]] bool has_whole_message() const noexcept { return has_whole_message_; }

  // {"finish_reason", "model", "usage"?, "message"?, "logprobs"?}, in valid UTF-8. `message` holds what the
  // model's message has beside role and text: tool_calls, reasoning_content, refusal.
  [[nodiscard]] Json result() const;

  // What it holds of the answer, as the allocator gives it. Looks at every value.
  [[nodiscard]] std::size_t held_bytes() const noexcept;

 private:
  [[nodiscard]] Result<void> take_choices(const JsonObject& chunk, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_choice(const JsonObject& choice, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_delta(const JsonObject& delta, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_message(const JsonObject& message, AnswerPieces& pieces);
  [[nodiscard]] Result<void> take_tool_calls(const JsonObject& delta, AnswerPieces& pieces);
  void take_images(const JsonArray& images, AnswerPieces& pieces);
  void take_audio(const JsonObject& audio, AnswerPieces& pieces);
  void mark_function_call(AnswerPieces& pieces, std::size_t first) const;
  void add_piece(const AnswerPiece& piece, AnswerPieces& pieces);
  void take_finish_reason(const JsonObject& choice, bool brought_more);
  void take_usage(const JsonObject& object);
  void add_text(std::string_view text, AnswerPieces& pieces);
  void catch_up(std::string_view whole_text, AnswerPieces& pieces);
  void replace_member(std::string_view key, const Json& value, AnswerPieces& pieces);
  [[nodiscard]] bool is_ours(const JsonObject& choice);

  const std::span<const std::string> secrets_;
  bool began_ = false;
  bool ended_ = false;
  bool ends_too_often_ = false;
  bool has_whole_message_ = false;
  bool has_delta_ = false;
  std::optional<std::int64_t> index_;  // of the choice that counts
  std::optional<std::string> finish_reason_;
  std::string model_;
  JsonObject usage_;
  JsonObject message_;
  std::set<std::string, std::less<>> streamed_;  // the members of message_ that came in deltas
  ToolCalls tool_calls_;
  ToolCalls function_call_;
  JsonObject last_calls_;  // of the latest message that had any, which counts if no delta had
  JsonObject logprobs_;
  std::set<std::uint64_t> images_;  // hashes of the addresses that have been told
  bool has_audio_ = false;
  // Size and hash of all text so far tell whether a whole message begins with it, without keeping it.
  std::size_t text_bytes_ = 0;
  std::uint64_t text_hash_ = kFnv1aStart;
};

}  // namespace shunt::generation::openai
