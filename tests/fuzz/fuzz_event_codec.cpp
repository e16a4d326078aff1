// The log of a generation as another process wrote it. Checks the quick reader of usual events against the
// general one, that what is read and written again is read as the same, and that time grows with length
// alone.
#include "canonical_events.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/event_codec.hpp"
#include "support/fuzzing.hpp"
#include "support/work.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

// A blank behind the bracket is JSON as well, and nothing that the quick reader reads.
std::string for_the_general_reader(std::string_view text) {
  if (!text.starts_with('[')) return std::string(text);
  return "[ " + std::string(text.substr(1));
}

void compare_readers(std::string_view text) {
  const auto quick = decode_events(text);
  const auto general = decode_events(for_the_general_reader(text));
  check(quick.ok() == general.ok(), "both readers take the same");
  if (!quick) {
    check(quick.error().code == general.error().code, "both readers refuse for the same reason");
    return;
  }
  check(encode_events(*quick) == encode_events(*general), "both readers read the same");
}

void check_usual(std::string_view text) {
  if (!text.starts_with('[')) return;
  std::string_view rest = text.substr(1);
  std::vector<GenerationEvent> events;
  take_canonical_events(rest, events);
  check(rest.size() <= text.size() - 1 && text.ends_with(rest), "what is left is the end of what was there");
  check(events.empty() == (rest.size() == text.size() - 1), "what was taken has been read");
}

void check_written_again(std::string_view text) {
  const auto events = decode_events(text);
  if (!events) return;
  const std::string canonical = encode_events(*events);
  const auto again = decode_events(canonical);
  check(again.ok() && again->size() == events->size(), "what was written can be read");
  check(encode_events(*again) == canonical, "the canonical form of a canonical form is itself");
}

// One element very often.
void check_time(std::string_view element) {
  const auto log = [element](std::size_t bytes) {
    std::string text = "[";
    while (text.size() < bytes) text.append(element).append(",");
    return text + "{}]";
  };
  const auto read = [](const std::string& text) { (void)decode_events(text).ok(); };
  fuzz::check_grows_linearly(read, log(8 * 1024), log(128 * 1024), "decode_events");
}

}  // namespace

// The first byte says what the rest is: a log, or (t) an element of many.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  if (data[0] == 't') {
    check_time(text.substr(0, 512));
    return 0;
  }
  compare_readers(text);
  check_usual(text);
  check_written_again(text);
  return 0;
}
