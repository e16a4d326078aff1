#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

struct SseEvent {
  std::string type{};  // "" = the default, "message"
  std::string data{};
  std::string id{};   // the last one that the stream has given; "" = none yet
  bool bare = false;  // a line of JSON without "data:"
};

// A line that begins with a brace or a bracket is no field of the standard. Servers that forget "data:", for
// an error above all, send it: where such are read it is an event of its own.
enum class BareJson { kIgnored, kEvent };

// The code of the error of an event beyond its bound.
inline constexpr ErrorCode kSseEventTooLarge = "sse_event_too_large";

// Reads server-sent events (WHATWG HTML, section 9.2) from pieces cut anywhere: LF, CR and CRLF line ends,
// comments, data over several lines, a byte order mark. `retry` is skipped: whoever reconnects has a policy
// of its own. Memory is bounded: an event longer than `max_event_bytes` (all its lines together, and the id)
// is an error, `sse_event_too_large`, after which the reader takes nothing more. One thread at a time.
class SseReader {
 public:
  explicit SseReader(std::size_t max_event_bytes, BareJson bare_json = BareJson::kIgnored)
      : max_event_bytes_(max_event_bytes), bare_json_(bare_json) {}

  // Appends the events that `bytes` completes, also when it fails.
  [[nodiscard]] Result<void> feed(std::string_view bytes, std::vector<SseEvent>& events);

  // The stream has ended. The standard drops an event without its empty line; servers that close right after
  // "data: [DONE]" exist, so it is returned here for the caller to judge.
  void finish(std::vector<SseEvent>& events);

  [[nodiscard]] std::size_t held_bytes() const noexcept {
    return line_.capacity() + event_.data.capacity() + id_.capacity();
  }

 private:
  [[nodiscard]] Result<void> take(std::string_view line_part);
  [[nodiscard]] Result<void> take_line(std::string_view last_part, std::vector<SseEvent>& events);
  [[nodiscard]] Result<void> check_room(std::size_t more) const;
  void take_bare(std::string_view line, std::vector<SseEvent>& events);
  void take_field(std::string_view name, std::string_view value);
  void end_line(std::string_view line, std::vector<SseEvent>& events);
  void dispatch(std::vector<SseEvent>& events);

  const std::size_t max_event_bytes_;
  const BareJson bare_json_;
  std::string line_;
  SseEvent event_;
  std::string id_;
  bool has_data_ = false;
  bool after_cr_ = false;  // the last piece ended in CR: a LF that follows belongs to it
  bool first_line_ = true;
};

}  // namespace shunt::http
