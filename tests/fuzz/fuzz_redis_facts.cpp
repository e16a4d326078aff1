// What a server tells of itself in INFO, which any program may answer. Checks that what is kept is short and
// can be shown, and that a preflight judges all of it.
#include "shunt/base/json.hpp"
#include "shunt/flip/preflight.hpp"
#include "shunt/flip/redis_facts.hpp"
#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::flip;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  PreflightFacts facts;
  facts.redis = facts_of_info(text);
  for (const std::string& told : {facts.redis.product, facts.redis.version, facts.redis.role,
                                  facts.redis.eviction_policy.value_or("")}) {
    // A byte that is none of UTF-8 becomes three.
    check(told.size() <= 3 * 64 && is_valid_utf8(told), "a short text that can be shown");
  }
  for (const Check& row : preflight(facts)) {
    check(!row.name.empty() && !row.found.empty() && is_valid_utf8(row.found), "a row says what was found");
    check(row.advice.empty() == (row.outcome == CheckOutcome::kPass), "what does not pass has advice");
  }
  (void)parse_version(text);
  return 0;
}
