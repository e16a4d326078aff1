#include "representation/sse.hpp"

#include "representation/problem.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/http/sse_writer.hpp"

namespace shunt::api {

void append_sse_event(std::string& out, const GenerationEvent& event) {
  http::begin_sse_event(out, event.sequence, event.type());
  append_event_json(out, event);
  http::end_sse_event(out);
}

Result<std::uint64_t> parse_last_event_id(std::string_view header) {
  if (header.empty()) return std::uint64_t{0};
  const auto sequence = http::parse_unsigned(header);
  if (sequence) return *sequence;
  return Error{problem_code::kInvalidHeader,
               "Last-Event-ID must be the id of an event of this stream: a whole number"}
      .with("header", std::string("Last-Event-ID"));
}

}  // namespace shunt::api
