#include "shunt/http/sse_reader.hpp"

#include <algorithm>
#include <utility>

namespace shunt::http {
namespace {

// Looks for each of the two by itself, which takes many bytes at once; in windows, so that a text of one kind
// of line end alone is not searched to its end for the other kind, line by line.
std::size_t line_end(std::string_view bytes) {
  constexpr std::size_t kWindow = 512;
  for (std::size_t begin = 0; begin < bytes.size(); begin += kWindow) {
    const std::string_view window = bytes.substr(begin, kWindow);
    const std::size_t end = std::min(window.find('\n'), window.size());
    const std::size_t at = std::min(window.substr(0, end).find('\r'), end);
    if (at < window.size()) return begin + at;
  }
  return bytes.size();
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
    if (auto taken = take_line(bytes.substr(0, end), events); !taken) return taken;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
  }
  return {};
}

void SseReader::finish(std::vector<SseEvent>& events) {
  end_line(std::exchange(line_, {}), events);
  dispatch(events);
}

// A line that came whole is read where it lies.
Result<void> SseReader::take_line(std::string_view last_part, std::vector<SseEvent>& events) {
  if (line_.empty()) {
    if (auto fits = check_room(last_part.size()); !fits) return fits;
    end_line(last_part, events);
    return {};
  }
  if (auto taken = take(last_part); !taken) return taken;
  end_line(line_, events);
  line_.clear();
  return {};
}

Result<void> SseReader::take(std::string_view line_part) {
  if (auto fits = check_room(line_part.size()); !fits) return fits;
  line_ += line_part;
  return {};
}

// What is held never exceeds the bound: fields are made of lines, and lines are counted before they are held.
Result<void> SseReader::check_room(std::size_t more) const {
  const std::size_t held = line_.size() + event_.data.size() + event_.type.size() + id_.size();
  if (held <= max_event_bytes_ && more <= max_event_bytes_ - held) return {};
  Error error{kSseEventTooLarge, "an event of more than " + std::to_string(max_event_bytes_) + " bytes",
              Retryable::kYes};
  return std::move(error).with("limit", max_event_bytes_);
}

void SseReader::end_line(std::string_view line, std::vector<SseEvent>& events) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) return dispatch(events);
  if (bare_json_ == BareJson::kEvent && (line.starts_with('{') || line.starts_with('['))) {
    return take_bare(line, events);
  }
  const std::size_t colon =
      line.find(':');  // a line that starts with it is a comment: a field without a name
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
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
