#include "drivers/openai/answer_reader.hpp"

#include <algorithm>
#include <vector>

#include "shunt/generation/error_codes.hpp"

namespace shunt::openai {
namespace {

Error broken(std::string message, std::string_view body, const Quoting& quoting) {
  Error error{std::string(error_code::kUpstreamBroken), std::move(message), true};
  return std::move(error).with("body_excerpt", excerpt(body, quoting));
}

std::string media_type(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find_first_of("; \t")));
  std::ranges::transform(type, type.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type;
}

}  // namespace

AnswerReader::AnswerReader(std::string_view content_type, std::size_t max_event_bytes, const Quoting& quoting)
    : quoting_(quoting),
      form_(Form::kOther),
      content_type_(media_type(content_type)),
      parser_(max_event_bytes),
      completion_(quoting.secret) {
  if (content_type_ == "text/event-stream") form_ = Form::kEvents;
  if (content_type_ == "application/json") form_ = Form::kJson;
  if (content_type_.empty()) form_ = Form::kUnknown;
}

Result<void> AnswerReader::feed(std::string_view bytes, std::string& text) {
  if (form_ == Form::kUnknown && !bytes.empty()) form_ = bytes.front() == '{' ? Form::kJson : Form::kEvents;
  if (form_ == Form::kOther) {
    return broken("the upstream answered with " + excerpt(content_type_, {100, quoting_.secret}) +
                      " where text/event-stream or application/json was expected (check base_url)",
                  bytes, quoting_);
  }
  if (form_ == Form::kJson) {
    body_ += bytes;
    return {};
  }
  std::vector<SseEvent> events;
  auto read = parser_.feed(bytes, events);
  for (const SseEvent& event : events) {
    if (auto taken = take(event, text); !taken) return taken;
  }
  return read;
}

Result<void> AnswerReader::end(std::string& text) {
  if (form_ == Form::kJson) return take_json(body_, text);
  // An event without its empty line counts if it is whole; else the stream was cut in the middle of it.
  std::vector<SseEvent> events;
  parser_.finish(events);
  for (const SseEvent& event : events) {
    if (event.data == "[DONE]" || parse_json(event.data)) {
      if (auto taken = take(event, text); !taken) return taken;
    }
  }
  return {};
}

Result<void> AnswerReader::take(const SseEvent& event, std::string& text) {
  if (done_) return {};
  if (event.data == "[DONE]") {
    done_ = true;
    return {};
  }
  return take_json(event.data, text);
}

Result<void> AnswerReader::take_json(std::string_view document, std::string& text) {
  const auto parsed = parse_json(document);
  if (!parsed) {
    return broken("the upstream's answer cannot be read: " + parsed.error().message, document, quoting_);
  }
  return completion_.take(*parsed, text);
}

}  // namespace shunt::openai
