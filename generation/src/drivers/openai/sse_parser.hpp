#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/result.hpp"

namespace shunt::openai {

struct SseEvent {
  std::string type;  // "" = the default, "message"
  std::string data;
  bool bare = false;  // a line of JSON without "data:"
};

// Reads server-sent events (WHATWG HTML, section 9.2) from pieces cut anywhere: LF, CR and CRLF line ends,
// comments, data over several lines, a byte order mark. `id` and `retry` mean nothing here and are skipped.
// A line that begins with a brace or a bracket is no field of the standard; servers that forget "data:", for
// an error above all, send it, so it is an event of its own. Memory is bounded: an event longer than
// `max_event_bytes` (all its lines together) is an error with the code `upstream_broken`, after which the
// parser takes nothing more.
class SseParser {
 public:
  explicit SseParser(std::size_t max_event_bytes) : max_event_bytes_(max_event_bytes) {}

  // Appends the events that `bytes` completes.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<SseEvent>& events);

  // The stream has ended. The standard drops an event without its empty line; servers that close right after
  // "data: [DONE]" exist, so it is returned here for the caller to judge.
  void finish(std::vector<SseEvent>& events);

  [[nodiscard]] std::size_t held_bytes() const noexcept { return line_.capacity() + event_.data.capacity(); }

 private:
  [[nodiscard]] Result<void> take(std::string_view line_part);
  void take_bare(std::string_view line, std::vector<SseEvent>& events);
  void end_line(std::vector<SseEvent>& events);
  void dispatch(std::vector<SseEvent>& events);

  const std::size_t max_event_bytes_;
  std::string line_;
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;  // the last piece ended in CR: a LF that follows belongs to it
  bool first_line_ = true;
};

}  // namespace shunt::openai
