// The reader of server-sent events against a slow one that first makes lines of the whole text, and against
// itself with the bytes split elsewhere.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/http/sse_reader.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt::http;
using shunt::fuzz::check;

bool same(const std::vector<SseEvent>& a, const std::vector<SseEvent>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i].type != b[i].type || a[i].data != b[i].data || a[i].id != b[i].id || a[i].bare != b[i].bare)
      return false;
  }
  return true;
}

// The lines of a text as WHATWG HTML, 9.2.6, has them; the last one may lack its end.
std::vector<std::string> lines_of(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (pair) ++i;
    if (text[i] == '\r' || text[i] == '\n') {
      lines.emplace_back();
    } else {
      lines.back() += text[i];
    }
  }
  return lines;
}

std::vector<SseEvent> slowly(std::string_view text, BareJson bare_json) {
  std::vector<SseEvent> events;
  std::vector<std::string> data;
  std::string type, id;
  const auto dispatch = [&] {
    SseEvent event{.type = type, .data = "", .id = id};
    for (std::size_t i = 0; i < data.size(); ++i) event.data += (i == 0 ? "" : "\n") + data[i];
    if (!data.empty()) events.push_back(event);
    data.clear();
    type.clear();
  };
  for (const std::string& line : lines_of(text)) {
    if (line.empty()) {
      dispatch();
    } else if (bare_json == BareJson::kEvent && (line[0] == '{' || line[0] == '[')) {
      dispatch();
      events.push_back({"", line, id, true});
    } else if (line == "data" || line.starts_with("data:")) {
      std::string value = line.size() > 5 ? line.substr(5) : "";
      data.push_back(value.starts_with(' ') ? value.substr(1) : value);
    } else if (line == "event" || line.starts_with("event:")) {
      std::string value = line.size() > 6 ? line.substr(6) : "";
      type = value.starts_with(' ') ? value.substr(1) : value;
    } else if ((line == "id" || line.starts_with("id:")) && line.find('\0') == std::string::npos) {
      std::string value = line.size() > 3 ? line.substr(3) : "";
      id = value.starts_with(' ') ? value.substr(1) : value;
    }
  }
  dispatch();
  return events;
}

std::vector<SseEvent> read(std::string_view text, std::size_t step, BareJson bare_json) {
  SseReader reader(text.size() + 1, bare_json);
  std::vector<SseEvent> events;
  for (std::size_t at = 0; at < text.size(); at += step) {
    check(reader.feed(text.substr(at, step), events).ok());
  }
  reader.finish(events);
  return events;
}

// A bounded reader never holds more than its bound.
void bounded(std::string_view text, std::size_t limit) {
  SseReader reader(limit);
  std::vector<SseEvent> events;
  const bool whole = reader.feed(text, events).ok();
  for (const SseEvent& event : events) check(event.data.size() + event.id.size() <= limit);
  if (text.size() <= limit) check(whole);
}

}  // namespace

// The first byte says how the rest is split.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  for (const BareJson bare_json : {BareJson::kIgnored, BareJson::kEvent}) {
    const auto expected = slowly(text, bare_json);
    check(same(read(text, text.size() + 1, bare_json), expected));
    check(same(read(text, 1, bare_json), expected));
    check(same(read(text, 1 + data[0] % 50, bare_json), expected));
  }
  bounded(text, 16 + data[0] % 64);
  return 0;
}
