#include "drivers/openai/sse_parser.hpp"

#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::openai {

Result<void> SseParser::feed(std::string_view bytes, std::vector<SseEvent>& events) {
  while (!bytes.empty()) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) return take(bytes);
    if (auto taken = take(bytes.substr(0, end)); !taken) return taken;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(events);
  }
  return {};
}

void SseParser::finish(std::vector<SseEvent>& events) {
  end_line(events);
  dispatch(events);
}

Result<void> SseParser::take(std::string_view line_part) {
  if (line_part.size() > max_event_bytes_ - line_.size() - event_.data.size()) {
    Error error{std::string(error_code::kUpstreamBroken),
                "the upstream sent an event of more than " + std::to_string(max_event_bytes_) + " bytes",
                true};
    return std::move(error).with("limit", max_event_bytes_);
  }
  line_ += line_part;
  return {};
}

void SseParser::end_line(std::vector<SseEvent>& events) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::string_view line = line_;
  if (std::exchange(first_line_, false) && line.starts_with(kByteOrderMark)) {
    line.remove_prefix(kByteOrderMark.size());
  }
  if (line.empty()) {
    line_.clear();
    return dispatch(events);
  }
  if (line.starts_with('{') || line.starts_with('[')) {
    take_bare(line, events);
    line_.clear();
    return;
  }
  const std::size_t colon =
      line.find(':');  // a line that starts with it is a comment: a field without a name
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "event") {
    event_.type = value;
  }
  line_.clear();
}

void SseParser::take_bare(std::string_view line, std::vector<SseEvent>& events) {
  SseEvent event = std::exchange(event_, {});
  if (std::exchange(has_data_, false)) events.push_back(std::move(event));
  events.push_back({"", std::string(line), true});
}

void SseParser::dispatch(std::vector<SseEvent>& events) {
  SseEvent event = std::exchange(event_, {});
  if (std::exchange(has_data_, false)) events.push_back(std::move(event));
}

}  // namespace shunt::openai
