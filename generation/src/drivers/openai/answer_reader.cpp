#include "drivers/openai/answer_reader.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

constexpr std::size_t kLongestWord = 32;
// What is read at once, so that the events of one piece, which hold much more than its bytes, are few.
constexpr std::size_t kPieceBytes = 16UL * 1024;
// What the completion may have grown by before it is looked at, beside half of what it was.
constexpr std::size_t kUnseenGrowth = 1024;

Error broken(std::string message, std::string_view body, const Quoting& quoting) {
  Error error{error_code::kUpstreamBroken, std::move(message), Retryable::kYes};
  return std::move(error).with("body_excerpt", excerpt(body, quoting));
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

// "ping", "keep-alive", "heartbeat": a single word is no piece of a document that was cut.
bool is_bare_word(std::string_view text) {
  return text.size() <= kLongestWord && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
         });
}

// Events of other types are a server's own; those without a type, and "message", are the answer's.
bool is_foreign(const http::SseEvent& event) {
  return event.bare || !(event.type.empty() || event.type == "message" || event.type == "error");
}

bool is_of_an_answer(const Json& document) {
  return document.is_object() &&
         (document.get_object().contains("choices") || document.get_object().contains("error"));
}

// The error of an event beyond the reader's bound, the only thing that it refuses.
Error too_large(const Error& refused) {
  Error error{error_code::kUpstreamBroken, "the upstream sent " + refused.message, Retryable::kYes};
  error.details = refused.details;
  return error;
}

}  // namespace

AnswerReader::AnswerReader(std::string_view content_type, std::size_t max_event_bytes, const Quoting& quoting,
                           MemoryBudget& memory)
    : quoting_(quoting),
      media_type_(media_type_of(content_type)),
      events_(max_event_bytes, http::BareJson::kEvent),
      completion_(quoting.secrets),
      memory_(memory) {}

bool AnswerReader::complete() const noexcept {
  return completion_.ended() || whole_body_ || (done_ && completion_.began());
}

bool AnswerReader::hold(std::size_t more) {
  return memory_.hold(held_bytes() + completion_bytes_ + may_have_grown_ + more);
}

Result<bool> AnswerReader::room_for(std::size_t more) {
  if (hold(more)) return true;
  if (!complete()) return driver_overload();
  done_ = true;  // what follows a complete answer is not worth its memory
  return false;
}

void AnswerReader::count_document(std::size_t most) {
  may_have_grown_ += most;
  if (may_have_grown_ <= completion_bytes_ / 2 + kUnseenGrowth) return;
  completion_bytes_ = completion_.held_bytes();
  may_have_grown_ = 0;
}

Result<void> AnswerReader::feed(std::string_view bytes, AnswerPieces& pieces) {
  while (bytes.size() > kPieceBytes && !done_) {
    if (auto taken = feed_some(bytes.substr(0, kPieceBytes), pieces); !taken) return taken;
    bytes.remove_prefix(kPieceBytes);
  }
  return feed_some(bytes, pieces);
}

Result<void> AnswerReader::feed_some(std::string_view bytes, AnswerPieces& pieces) {
  if (done_) return {};
  if (form_) return read(bytes, pieces);
  lead_ += bytes;
  lead_.erase(0, lead_.size() - without_lead(lead_).size());
  form_ = form_of(lead_, media_type_);
  if (!form_) return {};
  return read(std::exchange(lead_, {}), pieces);
}

Result<void> AnswerReader::read(std::string_view bytes, AnswerPieces& pieces) {
  if (*form_ == AnswerForm::kJson) {
    const std::size_t others = held_bytes() - body_.capacity();
    if (memory_.append(body_, bytes, others)) return {};
    return driver_overload();
  }
  if (*form_ == AnswerForm::kOther) {
    const std::string named =
        media_type_.empty() ? "no media type" : excerpt(media_type_, {100, quoting_.secrets});
    return broken("the upstream answered with " + named +
                      " where text/event-stream or application/json was expected (check base_url)",
                  bytes, quoting_);
  }
  return feed_parser(bytes, pieces);
}

Result<void> AnswerReader::feed_parser(std::string_view bytes, AnswerPieces& pieces) {
  // The event that is being read grows by doubling, and another may begin.
  const auto room = room_for(events_.held_bytes() + 2 * bytes.size());
  if (!room) return room.error();
  if (!*room) return {};
  std::vector<http::SseEvent> events;
  auto parsed = events_.feed(bytes, events);
  for (const http::SseEvent& event : events) {
    if (auto taken = take(event, pieces); !taken) return taken;
  }
  if (!parsed && complete()) {
    done_ = true;  // the reader is at its end, and so is the answer
    return {};
  }
  // What the events took goes back, also if the next piece takes its time.
  if (auto held = room_for(0); !held) return std::move(held).error();
  if (!parsed) return too_large(parsed.error());
  return {};
}

Result<void> AnswerReader::end(Ending ending, AnswerPieces& pieces) {
  if (done_ || !form_) return {};
  if (*form_ == AnswerForm::kJson) return take_body(ending, pieces);
  // An event without its empty line counts if it is whole; else the stream was cut in the middle of it.
  std::vector<http::SseEvent> events;
  events_.finish(events);
  for (http::SseEvent& event : events) {
    event.bare = true;
    if (auto taken = take(event, pieces); !taken) return taken;
  }
  return {};
}

Result<void> AnswerReader::take(const http::SseEvent& event, AnswerPieces& pieces) {
  if (done_) return {};
  const std::string_view data = trimmed(event.data);
  if (data == "[DONE]" || data == R"("[DONE]")") {
    done_ = true;
    return {};
  }
  const bool is_error = event.type == "error" && !complete();
  if (data.empty() && !is_error) return {};
  if (!is_foreign(event) && !is_error) {
    if (const auto text = chunk_.text_in(data)) return take_repeated(*text, pieces);
  }
  chunk_.forget();
  // The document, and its texts twice more: as pieces, and joined.
  const std::size_t most = json_parse_memory(data) + 2 * data.size();
  auto room = room_for(data.size() + most);
  if (!room) return std::move(room).error();
  if (!*room) return {};
  auto read = read_upstream_json(data);
  if (is_error) {
    const Json* document = read ? &read->documents.front() : nullptr;
    return error_of_event(document, data, quoting_.secrets);
  }
  if (read && is_foreign(event) && !is_of_an_answer(read->documents.front())) return {};
  if (read && !read->excess) {
    auto taken = is_foreign(event) ? take_documents(*read, pieces) : take_chunk(data, *read, pieces);
    count_document(most);
    return taken;
  }
  if (complete() || is_foreign(event) || is_bare_word(data)) return {};
  const std::string why = read ? "something follows the document" : read.error().message;
  return broken("the upstream's answer cannot be read: " + why, data, quoting_);
}

Result<void> AnswerReader::take_repeated(std::string_view text, AnswerPieces& pieces) {
  // As a piece, and joined.
  const auto room = room_for(2 * text.size());
  if (!room) return room.error();
  if (*room) completion_.take_repeated(text, pieces);
  return {};
}

Result<void> AnswerReader::take_chunk(std::string_view data, const UpstreamDocuments& read,
                                      AnswerPieces& pieces) {
  const std::size_t first = pieces.size();
  auto taken = take_documents(read, pieces);
  if (!taken || read.documents.size() != 1 || read.repaired || pieces.size() != first + 1) return taken;
  const auto text = only_text_of(read.documents.front());
  if (text && std::holds_alternative<TextPiece>(pieces.back())) chunk_.remember(data, *text);
  return taken;
}

Result<void> AnswerReader::take_documents(const UpstreamDocuments& read, AnswerPieces& pieces) {
  for (const Json& document : read.documents) {
    const bool complete_before = complete();
    auto taken = completion_.take(document, pieces);
    if (taken || complete_before) continue;
    if (taken.error().code != error_code::kUpstreamBroken) return taken;
    return std::move(taken).error().with("body_excerpt", excerpt(to_json_text(document), quoting_));
  }
  done_ |= read.done;
  return {};
}

Result<void> AnswerReader::finish(AnswerPieces& pieces) {
  completion_bytes_ = completion_.held_bytes();
  may_have_grown_ = 0;
  // What is told now, the result, and its copy in valid texts.
  if (!hold(3 * completion_bytes_)) return driver_overload();
  return completion_.finish(pieces);
}

Result<void> AnswerReader::take_body(Ending ending, AnswerPieces& pieces) {
  const std::string body = std::exchange(body_, {});
  const std::size_t most = json_parse_memory(body) + 2 * body.size();
  if (!hold(body.capacity() + most)) return driver_overload();
  auto read = read_upstream_json(body);
  if (!read) {
    if (ending == Ending::kCut) return {};
    return broken("the upstream's answer cannot be read: " + read.error().message, body, quoting_);
  }
  if (auto taken = take_documents(*read, pieces); !taken) return taken;
  count_document(most);
  whole_body_ = completion_.began() && completion_.has_whole_message();
  if (complete() || completion_.began()) return {};
  return broken("the upstream's answer is not a chat completion: an object without choices came", body,
                quoting_);
}

}  // namespace shunt::generation::openai
