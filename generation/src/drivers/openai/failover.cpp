#include "drivers/openai/failover.hpp"

#include <algorithm>

namespace shunt::generation::openai {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUsualRest{1000};
constexpr milliseconds kLongestRest{60'000};

// 401: our key is wrong there, which no request can bring about. 403 and 404 may be the request's doing.
bool is_the_servers_fault(int status) noexcept {
  return status == 0 || status == 401 || status == 408 || status >= 500;
}

}  // namespace

bool may_fail_over(OnLost on_lost, const FailedAttempt& attempt) noexcept {
  const Setback setback = setback_of(attempt);
  if (may_run_again(OnLost::kFail, setback)) return true;
  if (!may_run_again(on_lost, setback)) return false;
  if (attempt.in_answer) return attempt.passing;
  return is_the_servers_fault(attempt.status);
}

UpstreamHealth health_of(const FailedAttempt& attempt) noexcept {
  if (attempt.status == 429 || attempt.loading) return UpstreamHealth::kResting;
  const bool bad = attempt.in_answer ? attempt.passing : is_the_servers_fault(attempt.status);
  return bad ? UpstreamHealth::kBad : UpstreamHealth::kGood;
}

milliseconds rest_of(const FailedAttempt& attempt, WallTime now) {
  const auto asked = parse_retry_after(attempt.retry_after, now);
  return std::min(asked.value_or(kUsualRest), kLongestRest);
}

}  // namespace shunt::generation::openai
