// Event streams as the command line reads them. Checks that the pieces in which they come make no difference,
// and the reader against one that has all the lines at once.
#include "sse_reader.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using fuzz::check;

struct Event {
  std::string id, data;
  bool operator==(const Event&) const = default;
};

std::vector<Event> read(std::string_view bytes, std::size_t piece) {
  std::vector<Event> events;
  app::SseReader reader(
      [&events](const app::SseReader::Event& event) { events.push_back({event.id, event.data}); });
  fuzz::in_pieces(bytes, piece, [&reader](std::string_view part) { reader.feed(part); });
  return events;
}

// Line by line, as the service's own streams are written.
std::vector<Event> read_plainly(std::string_view text) {
  std::vector<Event> events;
  Event event;
  bool has_data = false;
  while (text.find('\n') != std::string_view::npos) {
    std::string_view line = fuzz::take(text);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) {
      if (has_data && !event.data.empty()) events.push_back(event);
      event = {};
      has_data = false;
      continue;
    }
    std::string_view value = line;
    const std::string_view name = fuzz::take(value, ':');
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (name == "id") event.id = value;
    if (name != "data") continue;
    event.data += (event.data.empty() ? "" : "\n") + std::string(value);
    has_data = true;
  }
  return events;
}

}  // namespace

// The first byte says how large the pieces are.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = fuzz::text_of(data, size).substr(1);
  const auto events = read(bytes, 0);
  check(read(bytes, data[0] + std::size_t{1}) == events, "pieces make no difference");
  check(read_plainly(bytes) == events, "the same as line by line");
  return 0;
}
