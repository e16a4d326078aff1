#include "drivers/openai/transcript_stream.hpp"

#include <utility>

#include "shunt/base/json_members.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

Error broken(std::string message, std::string_view data, const Quoting& quoting) {
  Error error{error_code::kUpstreamBroken, std::move(message), Retryable::kYes};
  return std::move(error).with("body_excerpt", excerpt(data, quoting));
}

}  // namespace

// The pieces and the whole text of the result are made of `text_`.
bool TranscriptStreamReader::hold(std::size_t more) {
  return memory_.hold(events_.held_bytes() + 3 * text_.capacity() + more);
}

Result<void> TranscriptStreamReader::feed(std::string_view bytes, AnswerPieces& pieces) {
  if (done_) return {};
  // The event that is being read grows by doubling, and another may begin.
  if (!hold(events_.held_bytes() + 2 * bytes.size())) return driver_overload();
  std::vector<http::SseEvent> events;
  const auto parsed = events_.feed(bytes, events);
  for (const http::SseEvent& event : events) {
    if (auto taken = take(event, pieces); !taken) return taken;
  }
  if (parsed) return {};
  if (complete_) {
    done_ = true;
    return {};
  }
  Error error{error_code::kUpstreamBroken, "the upstream sent " + parsed.error().message, Retryable::kYes};
  error.details = parsed.error().details;
  return error;
}

Result<void> TranscriptStreamReader::end(Ending, AnswerPieces& pieces) {
  std::vector<http::SseEvent> events;
  events_.finish(events);
  for (const http::SseEvent& event : events) {
    // One without its empty line may be cut.
    if (event.data != "[DONE]" && !parse_json(event.data)) continue;
    if (auto taken = take(event, pieces); !taken) return taken;
  }
  return {};
}

Result<void> TranscriptStreamReader::take(const http::SseEvent& event, AnswerPieces& pieces) {
  if (done_ || (event.data.empty() && event.type != "error")) return {};
  if (event.data == "[DONE]") {
    done_ = true;
    complete_ = complete_ || began_;
    return {};
  }
  if (complete_) return {};
  if (!hold(json_parse_memory(event.data) + 3 * event.data.size())) return driver_overload();
  auto document = parse_json(event.data);
  if (event.type == "error")
    return error_of_event(document ? &*document : nullptr, event.data, quoting_.secrets);
  if (!document || !document->is_object()) {
    return broken("the upstream's transcript has an event that is no JSON object", event.data, quoting_);
  }
  if (auto error = error_in_answer(*document, quoting_.secrets)) return *std::move(error);
  take_document(document->get_object(), pieces);
  return {};
}

void TranscriptStreamReader::take_document(const JsonObject& document, AnswerPieces& pieces) {
  const std::string_view type = text_in(document, "type");
  if (const JsonObject* const usage = find_object(document, "usage")) result_["usage"] = *usage;
  began_ = began_ || type.starts_with("transcript.text.") || document.contains("choices");
  if (type == "transcript.text.delta") {
    tell(text_in(document, "delta"), pieces);
    const JsonArray& logprobs = array_in(document, "logprobs");
    if (!logprobs.empty()) pieces.push_back(LogprobsPiece{.content = logprobs});
  } else if (type == "transcript.text.done") {
    take_whole(text_in(document, "text"), pieces);
    if (const Json* const logprobs = document.if_contains("logprobs"); logprobs != nullptr)
      result_.insert_or_assign("logprobs", *logprobs);
    complete_ = true;
  }
  const JsonArray& choices = array_in(document, "choices");
  if (!choices.empty() && choices.front().is_object()) take_choice(choices.front().get_object(), pieces);
}

void TranscriptStreamReader::take_choice(const JsonObject& choice, AnswerPieces& pieces) {
  if (const JsonObject* const delta = find_object(choice, "delta")) tell(text_in(*delta, "content"), pieces);
}

// Says more than the pieces, or nothing new.
void TranscriptStreamReader::take_whole(std::string_view text, AnswerPieces& pieces) {
  if (text.starts_with(text_)) tell(text.substr(text_.size()), pieces);
}

void TranscriptStreamReader::tell(std::string_view text, AnswerPieces& pieces) {
  if (text.empty()) return;
  text_ += text;
  pieces.emplace_back(TextPiece{std::string(text)});
}

Result<void> TranscriptStreamReader::finish(AnswerPieces&) {
  if (!hold(0)) return driver_overload();
  result_.insert_or_assign("text", std::move(text_));
  return {};
}

}  // namespace shunt::generation::openai
