// Prefer headers, and how long is waited for what they say. Checks that a canonical form is understood as the
// same, that nobody waits longer than may be, and that nonsense beside a preference does not change it.
#include "routes/prefer_header.hpp"
#include "routes/wait_plan.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

std::string written(const api::Preferences& preferences) {
  std::string text;
  if (preferences.respond_async) text += "respond-async";
  if (preferences.wait)
    text += (text.empty() ? "" : ", ") + ("wait=" + std::to_string(preferences.wait->count()));
  return text;
}

bool is_same(const api::Preferences& a, const api::Preferences& b) {
  return a.respond_async == b.respond_async && a.wait == b.wait;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header = fuzz::text_of(data, size);
  const auto preferences = api::parse_prefer(header);
  check(!preferences.wait || (preferences.wait->count() >= 0 && *preferences.wait <= std::chrono::hours(24)),
        "a wait is from nothing to a day");
  const std::string canonical = written(preferences);
  check(is_same(api::parse_prefer(canonical), preferences), "written again it is understood as the same");
  check(is_same(api::parse_prefer("x=1, " + canonical), preferences), "what is unknown changes nothing");
  for (const std::chrono::milliseconds deadline :
       {std::chrono::milliseconds(0), std::chrono::milliseconds(5'000)}) {
    const auto plan = api::plan_wait(preferences, deadline);
    check(plan.limit.count() >= 0, "nobody waits a negative time");
    check(deadline.count() == 0 || plan.limit <= deadline, "nobody waits longer than the server lets them");
  }
  return 0;
}
