// Single values in texts: durations, sizes, times, ids, states. Checks that what is understood is written
// again as something that is understood as the same, and that its canonical form stays as it is.
#include "shunt/base/clock.hpp"
#include "shunt/base/duration_text.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/generation_id.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (const auto duration = parse_duration(text)) {
    check(duration->count() >= 0, "a duration is not negative");
    const std::string canonical = format_duration(*duration);
    const auto again = parse_duration(canonical);
    check(again.ok() && *again == *duration && format_duration(*again) == canonical, "durations come back");
  }
  if (const auto bytes = parse_bytes(text)) {
    const std::string canonical = format_bytes(*bytes);
    const auto again = parse_bytes(canonical);
    check(again.ok() && *again == *bytes && format_bytes(*again) == canonical, "sizes come back");
  }
  if (const auto time = parse_rfc3339(text)) check(format_rfc3339(*time) == text, "times have one form");
  if (const auto id = GenerationId::parse(text)) check(id->to_string() == text, "ids have one form");
  if (const auto state = parse_generation_state(text))
    check(to_string(*state) == text, "states have one form");
  return 0;
}
