#include "drivers/openai/chat_completion.hpp"

#include <utility>

#include "drivers/openai/delta_merge.hpp"
#include "drivers/openai/message_content.hpp"
#include "drivers/openai/upstream_error.hpp"
#include "drivers/openai/upstream_json.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation::openai {
namespace {

Error not_of_the_protocol(const std::string& what) {
  return {error_code::kUpstreamBroken, "the upstream's answer is not a chat completion: " + what,
          Retryable::kYes};
}

// The names under which servers stream what the model thinks; some use two at once for the same text.
std::string_view reasoning_of(const JsonObject& delta) {
  for (const std::string_view key : {"reasoning_content", "reasoning", "reasoning_text", "thinking"}) {
    if (const auto text = text_in(delta, key); !text.empty()) return text;
  }
  return {};
}

bool is_empty(const Json& value) {
  return value.is_null() || (value.is_string() && value.get_string().empty()) ||
         (value.is_array() && value.get_array().empty()) || (value.is_object() && value.get_object().empty());
}

// As OpenRouter has it, {"image_url": {"url": ...}}, and what else is seen.
std::string url_of_image(const Json& image) {
  if (image.is_string()) return std::string(image.get_string());
  if (!image.is_object()) return {};
  const JsonObject& object = image.get_object();
  for (const std::string_view key : {"image_url", "url"}) {
    const Json* const value = object.if_contains(key);
    if (value != nullptr) return url_of_image(*value);
  }
  const std::string_view data = text_in(object, "b64_json");
  return data.empty() ? std::string() : "data:image/png;base64," + std::string(data);
}

AudioPiece read_audio(const JsonObject& audio) {
  AudioPiece piece{.id = std::string(text_in(audio, "id")),
                   .format = std::string(text_in(audio, "format")),
                   .data = std::string(text_in(audio, "data")),
                   .transcript = std::string(text_in(audio, "transcript"))};
  const Json* const until = audio.if_contains("expires_at");
  if (until != nullptr && until->is_int64() && until->get_int64() >= 0) piece.expires_at = until->get_int64();
  return piece;
}

bool is_content(std::string_view key) {
  return key == "content" || key == "role" || key == "tool_calls" || key == "function_call";
}

// [{"index": 0, "function": {...}}] from the {"name", "arguments"} that came before tool_calls.
JsonArray as_tool_calls(const JsonObject& function_call) {
  return {JsonObject{{"index", 0}, {"function", function_call}}};
}

}  // namespace

Result<void> ChatCompletion::take(const Json& document, AnswerPieces& pieces) {
  const bool ended_before = ended_;
  auto error = error_in_answer(document, secrets_);
  if (!document.is_object()) {
    if (error) return *std::move(error);
    // A bare null or true carries nothing and means nothing.
    if (document.is_null() || document.is_bool()) return {};
    return not_of_the_protocol("a JSON object was expected");
  }
  const JsonObject& chunk = document.get_object();
  if (const auto model = text_in(chunk, "model"); !model.empty()) model_ = model;
  take_usage(chunk);
  if (const JsonObject* groq = find_object(chunk, "x_groq")) take_usage(*groq);
  auto taken = take_choices(chunk, pieces);
  if (error && !ended_before) return *std::move(error);
  return taken;
}

Result<void> ChatCompletion::take_choices(const JsonObject& chunk, AnswerPieces& pieces) {
  const Json* choices = chunk.if_contains("choices");
  if (choices == nullptr || choices->is_null()) return {};
  if (!choices->is_array()) return not_of_the_protocol("choices must be an array");
  for (const Json& choice : choices->get_array()) {
    if (!choice.is_object()) return not_of_the_protocol("a choice must be an object");
    if (!is_ours(choice.get_object())) continue;
    if (auto taken = take_choice(choice.get_object(), pieces); !taken) return taken;
  }
  return {};
}

bool ChatCompletion::is_ours(const JsonObject& choice) {
  const Json* index = choice.if_contains("index");
  if (index == nullptr || !index->is_int64()) return true;
  if (!index_) index_ = index->get_int64();
  return *index_ == index->get_int64();
}

Result<void> ChatCompletion::take_choice(const JsonObject& choice, AnswerPieces& pieces) {
  began_ = true;
  const std::size_t before = pieces.size();
  const JsonObject* delta = find_object(choice, "delta");
  const JsonObject* message = find_object(choice, "message");
  if (delta != nullptr) {
    if (auto taken = take_delta(*delta, pieces); !taken) return taken;
  }
  if (message != nullptr) {
    if (auto taken = take_message(*message, pieces); !taken) return taken;
  }
  // What answers of the older completions have in place of a message.
  if (delta == nullptr && message == nullptr && choice.contains("text")) {
    has_whole_message_ = true;
    add_text(text_in(choice, "text"), pieces);
  }
  if (usage_.empty()) take_usage(choice);
  const bool ended_before = ended_;
  take_finish_reason(choice, pieces.size() > before);
  // They belong to what came, and are nothing that goes on behind an end.
  if (const JsonObject* logprobs = find_object(choice, "logprobs")) {
    if (auto merged = merge_delta(logprobs_, *logprobs); !merged) return merged;
    // Tokens may be halves of characters.
    const auto told = [&](std::string_view name) {
      return with_valid_texts(array_in(*logprobs, name)).get_array();
    };
    LogprobsPiece piece{told("content"), told("refusal")};
    if (piece != LogprobsPiece{}) pieces.emplace_back(std::move(piece));
  }
  if (!ended_before && text_in(choice, "finish_reason") == "error") {
    ended_ = false;
    return error_of_choice(choice, secrets_);
  }
  return {};
}

void ChatCompletion::take_finish_reason(const JsonObject& choice, bool brought_more) {
  if (brought_more && ended_) {
    ended_ = false;
    ends_too_often_ = true;
  }
  const std::string_view reason = text_in(choice, "finish_reason");
  // "" is Ollama's and SGLang's null (ollama/ollama#4357, sgl-project/sglang#3912), "null" KoboldCpp's.
  if (reason.empty() || reason == "null" || reason == "None") return;
  finish_reason_ = reason;
  ended_ = true;
}

void ChatCompletion::take_usage(const JsonObject& object) {
  const JsonObject* usage = find_object(object, "usage");
  if (usage == nullptr) return;
  for (const auto& [key, value] : *usage) {
    const bool fits = usage_.size() < kMaxMembers || usage_.contains(key);
    if (!value.is_null() && fits) usage_[key] = value;
  }
}

void ChatCompletion::add_text(std::string_view text, AnswerPieces& pieces) {
  if (text.empty()) return;
  text_bytes_ += text.size();
  text_hash_ = fnv1a(text, text_hash_);
  pieces.emplace_back(TextPiece{std::string(text)});
}

void ChatCompletion::add_piece(const AnswerPiece& piece, AnswerPieces& pieces) {
  if (const auto* text = std::get_if<TextPiece>(&piece)) return add_text(text->text, pieces);
  const auto grow = [this](std::string_view key, const std::string& text) {
    streamed_.emplace(key);
    Json& known = message_[key];
    if (!known.is_string()) known.emplace_string();
    known.get_string().append(text);
  };
  if (const auto* thought = std::get_if<ReasoningPiece>(&piece)) grow("reasoning_content", thought->text);
  if (const auto* refusal = std::get_if<RefusalPiece>(&piece)) grow("refusal", refusal->text);
  pieces.push_back(piece);
}

Result<void> ChatCompletion::take_delta(const JsonObject& delta, AnswerPieces& pieces) {
  if (const auto reasoning = reasoning_of(delta); !reasoning.empty()) {
    pieces.emplace_back(ReasoningPiece{std::string(reasoning)});
  }
  if (const auto refusal = text_in(delta, "refusal"); !refusal.empty()) {
    pieces.emplace_back(RefusalPiece{std::string(refusal)});
  }
  JsonObject rest;
  for (const auto& [key, value] : delta) {
    if (is_content(key) || value.is_null()) continue;
    rest.emplace(key, value);
    if (!is_empty(value) && streamed_.size() < kMaxMembers) streamed_.emplace(key);
  }
  if (const Json* content = delta.if_contains("content")) {
    auto read = read_message_content(*content);
    if (!read) return std::move(read).error();
    if (!read->pieces.empty()) has_delta_ = true;
    for (const AnswerPiece& piece : read->pieces) add_piece(piece, pieces);
    if (!read->others.empty()) rest["content_parts"] = std::move(read->others);
  }
  if (const JsonObject* audio = find_object(delta, "audio")) take_audio(*audio, pieces);
  take_images(array_in(delta, "images"), pieces);
  if (auto taken = take_tool_calls(delta, pieces); !taken) return taken;
  return merge_delta(message_, rest);
}

void ChatCompletion::take_audio(const JsonObject& audio, AnswerPieces& pieces) {
  AudioPiece piece = read_audio(audio);
  if (piece == AudioPiece{}) return;
  has_audio_ = true;
  pieces.emplace_back(std::move(piece));
}

void ChatCompletion::take_images(const JsonArray& images, AnswerPieces& pieces) {
  for (const Json& image : images) {
    std::string url = url_of_image(image);
    if (url.empty() || images_.size() >= kMaxImages) continue;
    // Some servers send an image with each chunk.
    if (!images_.insert(fnv1a(url)).second) continue;
    pieces.emplace_back(ImagePiece{std::move(url)});
  }
}

// A call of the older protocol is told as the only tool call, with a type that says so. Where a server sends
// both, the tool calls are told, and the result has the two.
void ChatCompletion::mark_function_call(AnswerPieces& pieces, std::size_t first) const {
  if (!tool_calls_.empty()) return pieces.resize(first);
  for (std::size_t i = first; i < pieces.size(); ++i) {
    if (auto* const call = std::get_if<ToolCallPiece>(&pieces[i]); call != nullptr && !call->name.empty())
      call->type = "function_call";
  }
}

Result<void> ChatCompletion::take_tool_calls(const JsonObject& delta, AnswerPieces& pieces) {
  if (const Json* list = delta.if_contains("tool_calls"); list != nullptr && list->is_array()) {
    if (auto taken = tool_calls_.take(list->get_array(), pieces); !taken) return taken;
  }
  if (const JsonObject* call = find_object(delta, "function_call")) {
    const std::size_t first = pieces.size();
    auto taken = function_call_.take(as_tool_calls(*call), pieces);
    mark_function_call(pieces, first);
    return taken;
  }
  return {};
}

// A message is whole, or what there is of it so far, so it never grows by another: it catches up with the
// deltas or with the message before it, and where it is something else the deltas count.
Result<void> ChatCompletion::take_message(const JsonObject& message, AnswerPieces& pieces) {
  has_whole_message_ = true;
  for (const auto& [key, value] : message) {
    if (!is_content(key) && !is_empty(value)) replace_member(key, value, pieces);
    if (key == "audio" && value.is_object() && !has_audio_) take_audio(value.get_object(), pieces);
    if (key == "images" && value.is_array()) take_images(value.get_array(), pieces);
    if ((key == "tool_calls" || key == "function_call") && !is_empty(value)) last_calls_[key] = value;
  }
  const Json* content = message.if_contains("content");
  if (content == nullptr) return {};
  auto read = read_message_content(*content);
  if (!read) return std::move(read).error();
  std::string text;
  std::string thoughts;
  std::string refusal;
  for (const AnswerPiece& piece : read->pieces) {
    if (const auto* part = std::get_if<TextPiece>(&piece)) text += part->text;
    if (const auto* part = std::get_if<ReasoningPiece>(&piece)) thoughts += part->text;
    if (const auto* part = std::get_if<RefusalPiece>(&piece)) refusal += part->text;
  }
  if (!thoughts.empty()) replace_member("reasoning_content", Json(thoughts), pieces);
  catch_up(text, pieces);
  if (!refusal.empty()) replace_member("refusal", Json(refusal), pieces);
  if (!read->others.empty()) replace_member("content_parts", Json(std::move(read->others)), pieces);
  return {};
}

void ChatCompletion::catch_up(std::string_view whole_text, AnswerPieces& pieces) {
  const bool goes_on =
      whole_text.size() >= text_bytes_ && fnv1a(whole_text.substr(0, text_bytes_)) == text_hash_;
  if (goes_on) return add_text(whole_text.substr(text_bytes_), pieces);
  // The messages themselves may be the pieces where there was no delta.
  if (!has_delta_) add_text(whole_text, pieces);
}

void ChatCompletion::replace_member(std::string_view key, const Json& value, AnswerPieces& pieces) {
  if (streamed_.contains(key) || (message_.size() >= kMaxMembers && !message_.contains(key))) return;
  const std::string before(text_in(message_, key));
  message_[key] = value;
  if (!value.is_string()) return;
  std::string_view growth = value.get_string();
  if (growth.starts_with(before)) growth.remove_prefix(before.size());
  if (growth.empty()) return;
  if (key == "refusal") {
    pieces.emplace_back(RefusalPiece{std::string(growth)});
  } else if (reasoning_of(message_) == value.get_string()) {
    pieces.emplace_back(ReasoningPiece{std::string(growth)});
  }
}

Result<void> ChatCompletion::finish(AnswerPieces& pieces) {
  JsonObject calls = std::exchange(last_calls_, {});
  if (!tool_calls_.empty()) calls.erase("tool_calls");
  if (!function_call_.empty()) calls.erase("function_call");
  if (auto taken = take_tool_calls(calls, pieces); !taken) return taken;
  tool_calls_.finish(pieces);
  const std::size_t first = pieces.size();
  function_call_.finish(pieces);
  mark_function_call(pieces, first);
  return {};
}

std::size_t ChatCompletion::held_bytes() const noexcept {
  constexpr std::size_t kPlaceInSet = 96;
  std::size_t bytes = model_.capacity() + json_memory(usage_) + json_memory(message_) +
                      json_memory(last_calls_) + json_memory(logprobs_) + tool_calls_.held_bytes() +
                      function_call_.held_bytes();
  for (const std::string& key : streamed_) bytes += kPlaceInSet + key.capacity();
  return bytes;
}

Json ChatCompletion::result() const {
  JsonObject result;
  if (finish_reason_) {
    result.emplace("finish_reason", *finish_reason_);
  } else {
    result.emplace("finish_reason", nullptr);
  }
  if (!model_.empty()) result.emplace("model", model_);
  if (!usage_.empty()) result.emplace("usage", usage_);
  JsonObject message = message_;
  if (!tool_calls_.empty()) message["tool_calls"] = tool_calls_.result();
  if (!function_call_.empty()) {
    const JsonArray calls = function_call_.result();
    // One that has neither name nor arguments is none.
    const Json* const function = calls.front().get_object().if_contains("function");
    if (function != nullptr) message["function_call"] = *function;
  }
  if (!message.empty()) result.emplace("message", std::move(message));
  if (!logprobs_.empty()) result.emplace("logprobs", logprobs_);
  return with_valid_texts(result);
}

}  // namespace shunt::generation::openai
