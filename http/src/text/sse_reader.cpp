#include "shunt/http/sse_reader.hpp"

#include <algorithm>
#include <utility>

namespace shunt::http {
namespace {

// find_first_of() looks each byte up in its set by a call of its own.
std::size_t line_end(std::string_view bytes) {
  const auto* const end = std::ranges::find_if(bytes, [](char c) { return c == '\n' || c == '\r'; });
  return static_cast<std::size_t>(end - bytes.begin());
}

}  // namespace

Result<void> SseReader::feed(std::string_view bytes, std::vector<SseEvent>& events) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = line_end(bytes);
    if (end == bytes.size()) return take(bytes);
    if (auto taken = take(bytes.substr(0, end)); !taken) return taken;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(events);
  }
  return {};
}

void SseReader::finish(std::vector<SseEvent>& events) {
  end_line(events);
  dispatch(events);
}

// What is held never exceeds the bound: fields are made of lines, and lines are counted before they are held.
Result<void> SseReader::take(std::string_view line_part) {
  const std::size_t held = line_.size() + event_.data.size() + event_.type.size() + id_.size();
  if (held > max_event_bytes_ || line_part.size() > max_event_bytes_ - held) {
    Error error{kSseEventTooLarge, "an event of more than " + std::to_string(max_event_bytes_) + " bytes",
                Retryable::kYes};
    return std::move(error).with("limit", max_event_bytes_);
  }
  line_ += line_part;
  return {};
}

void SseReader::end_line(std::vector<SseEvent>& events) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view line = line_;
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    line_.clear();
    return dispatch(events);
  }
  if (bare_json_ == BareJson::kEvent && (line.starts_with('{') || line.starts_with('['))) {
    take_bare(line, events);
    line_.clear();
    return;
  }
  const std::size_t colon =
      line.find(':');  // a line that starts with it is a comment: a field without a name
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
  line_.clear();
}

void SseReader::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (name == "event") {
    event_.type = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    id_ = value;
  }
}

void SseReader::take_bare(std::string_view line, std::vector<SseEvent>& events) {
  dispatch(events);
  events.push_back({.type = {}, .data = std::string(line), .id = id_, .bare = true});
}

void SseReader::dispatch(std::vector<SseEvent>& events) {
  SseEvent event = std::exchange(event_, {});
  if (!std::exchange(has_data_, false)) return;
  event.id = id_;
  events.push_back(std::move(event));
}

}  // namespace shunt::http
