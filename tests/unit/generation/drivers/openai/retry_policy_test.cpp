#include "drivers/openai/retry_policy.hpp"

#include <gtest/gtest.h>

namespace shunt::generation::openai {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr RetryPolicy kPolicy{
    .max_retries = 3, .backoff = 100ms, .max_retry_after = 20s, .max_loading_wait = 60s};
// 1994-11-06 08:49:00 UTC, 37 s before the date of RFC 9110's examples.
constexpr WallTime kNow{milliseconds(784'111'740'000)};

std::optional<milliseconds> retry_wait(const RetryPolicy& policy, const FailedAttempt& attempt,
                                       const RetryMoment& moment) {
  const auto retry = next_retry(policy, attempt, moment);
  return retry ? std::optional(retry->wait) : std::nullopt;
}

std::optional<milliseconds> wait_after(const FailedAttempt& attempt, RetryMoment moment = {}) {
  moment.now = kNow;
  return retry_wait(kPolicy, attempt, moment);
}

TEST(RetryPolicy, TriesAgainAfterConnectionErrorsAndPassingStatusesOnly) {
  for (const int status : {0, 429, 502, 503, 504}) EXPECT_TRUE(wait_after({.status = status})) << status;
  for (const int status : {301, 400, 401, 404, 408, 422, 500, 501, 529})
    EXPECT_FALSE(wait_after({.status = status})) << status;
}

TEST(RetryPolicy, GivesUpAfterItsLastRetry) {
  EXPECT_TRUE(wait_after({}, {.retries = 2}));
  EXPECT_FALSE(wait_after({}, {.retries = 3}));
}

TEST(RetryPolicy, DoublesTheWaitWithItsLastHalfRandom) {
  EXPECT_EQ(wait_after({}, {.retries = 0, .random = 0}), 50ms);
  EXPECT_EQ(wait_after({}, {.retries = 0, .random = 0.5}), 75ms);
  EXPECT_EQ(wait_after({}, {.retries = 1, .random = 0}), 100ms);
  EXPECT_EQ(wait_after({}, {.retries = 2, .random = 0}), 200ms);
}

TEST(RetryPolicy, NeverWaitsLongerThanTheLongestRetryAfter) {
  const RetryPolicy patient{
      .max_retries = 1000, .backoff = 100ms, .max_retry_after = 20s, .max_loading_wait = 60s};
  EXPECT_EQ(retry_wait(patient, {}, {.retries = 999, .random = 0.9}), 20s);
}

TEST(RetryPolicy, HonoursRetryAfterInFull) {
  EXPECT_EQ(wait_after({.status = 429, .retry_after = "7"}), 7s);
  EXPECT_EQ(wait_after({.status = 503, .retry_after = "7"}, {.random = 0.5}), 7050ms);
  EXPECT_EQ(wait_after({.status = 429, .retry_after = "0"}), 0ms);
}

TEST(RetryPolicy, GivesUpWhenTheUpstreamAsksForTooLongAWait) {
  EXPECT_EQ(wait_after({.status = 429, .retry_after = "20"}), 20s);
  EXPECT_FALSE(wait_after({.status = 429, .retry_after = "21"}));
  EXPECT_FALSE(wait_after({.status = 429, .retry_after = "99999999999999999999999"}));
}

TEST(RetryPolicy, GivesUpWhenTheDeadlineComesFirst) {
  EXPECT_TRUE(wait_after({.status = 429, .retry_after = "5"}, {.time_left = 5001ms}));
  EXPECT_FALSE(wait_after({.status = 429, .retry_after = "5"}, {.time_left = 5s}));
  EXPECT_FALSE(wait_after({}, {.time_left = 10ms}));
}

TEST(RetryPolicy, FallsBackToItsOwnBackoffWhenRetryAfterIsNonsense) {
  EXPECT_EQ(wait_after({.status = 429, .retry_after = "soon"}), 50ms);
  EXPECT_EQ(wait_after({.status = 429, .retry_after = "-3"}), 50ms);
}

constexpr FailedAttempt kLoading{.status = 503, .loading = true};

TEST(RetryPolicy, WaitsForAModelThatLoadsWithoutUsingUpRetries) {
  EXPECT_EQ(wait_after(kLoading, {.retries = 3, .loading_retries = 2, .random = 0}), 200ms);
  EXPECT_EQ(wait_after(kLoading, {.retries = 3, .loading_retries = 50, .random = 0}), 2500ms);
  EXPECT_EQ(wait_after(kLoading, {.retries = 3, .loading_retries = 50, .random = 0.5}), 3750ms);
}

TEST(RetryPolicy, NeverAsksALoadingServerWithoutAPause) {
  const RetryPolicy hasty{.max_retries = 0, .backoff = 0ms, .max_retry_after = 0s, .max_loading_wait = 60s};
  EXPECT_EQ(retry_wait(hasty, kLoading, {}), 100ms);
  EXPECT_EQ(retry_wait(hasty, {.status = 503, .retry_after = "0", .loading = true}, {}), 100ms);
}

TEST(RetryPolicy, HonoursTheRetryAfterOfAModelThatLoads) {
  EXPECT_EQ(wait_after({.status = 503, .retry_after = "30", .loading = true}, {.retries = 3}), 30s);
  EXPECT_FALSE(wait_after({.status = 503, .retry_after = "61", .loading = true}, {.retries = 3}));
}

TEST(RetryPolicy, CountsARetryOnceItNoLongerWaitsForTheModel) {
  EXPECT_TRUE(next_retry(kPolicy, kLoading, {})->waits_for_model);
  EXPECT_FALSE(next_retry(kPolicy, kLoading, {.loading_for = 60s})->waits_for_model);
  EXPECT_FALSE(next_retry(kPolicy, {.status = 503}, {})->waits_for_model);
}

TEST(RetryPolicy, StopsWaitingForAModelInTheEnd) {
  EXPECT_TRUE(wait_after(kLoading, {.retries = 3, .loading_for = 59s}));
  EXPECT_FALSE(wait_after(kLoading, {.retries = 3, .loading_for = 60s}));
  EXPECT_EQ(wait_after(kLoading, {.retries = 0, .loading_for = 60s}), 50ms)
      << "a retry as after any other 503";
  EXPECT_FALSE(wait_after(kLoading, {.retries = 3, .time_left = 50ms})) << "the deadline comes first";
}

TEST(RetryAfter, IsSecondsOrAnHttpDate) {
  EXPECT_EQ(parse_retry_after("120", kNow), 120s);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 37s);
  EXPECT_EQ(parse_retry_after("Sunday, 06-Nov-94 08:49:37 GMT", kNow), 37s);
  EXPECT_EQ(parse_retry_after("Sun Nov  6 08:49:37 1994", kNow), 37s);
  EXPECT_EQ(parse_retry_after("Sat, 05 Nov 1994 08:49:37 GMT", kNow), 0s) << "a date that has passed";
  EXPECT_EQ(parse_retry_after("", kNow), std::nullopt);
  EXPECT_EQ(parse_retry_after("tomorrow-ish", kNow), std::nullopt);
}

}  // namespace
}  // namespace shunt::generation::openai
