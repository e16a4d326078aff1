// Retry-After of an upstream: seconds or a date. Checks that no wait is negative or longer than is allowed.
#include "drivers/openai/retry_policy.hpp"

#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view header = fuzz::text_of(data, size);
  const WallTime now{std::chrono::milliseconds(1'764'000'000'000)};
  const auto wait = openai::parse_retry_after(header, now);
  check(!wait || wait->count() >= 0, "no wait is negative");
  const openai::RetryPolicy policy{3, std::chrono::milliseconds(500), std::chrono::seconds(30),
                                   std::chrono::minutes(10)};
  openai::RetryMoment moment;
  moment.now = now;
  moment.time_left = std::chrono::seconds(60);
  const auto retry = openai::next_retry(policy, {503, header}, moment);
  check(!retry || (retry->wait.count() >= 0 && retry->wait <= *moment.time_left),
        "no wait outlives the deadline");
  return 0;
}
