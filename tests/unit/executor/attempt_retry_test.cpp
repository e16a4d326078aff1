#include "queue/worker/attempt_retry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using std::chrono::milliseconds;

JobAttempts attempts(std::int64_t made, std::int64_t allowed, std::string type = "exponential",
                     milliseconds delay = milliseconds(100)) {
  JobAttempts job;
  job.made = made;
  job.allowed = allowed;
  bullmq::Backoff backoff;
  backoff.type = std::move(type);
  backoff.delay = delay;
  job.backoff = backoff;
  return job;
}

const Error kRetryable{"upstream_failed", "it broke", Retryable::kYes};
const Error kFinal{"invalid_input", "never", Retryable::kNo};
const Error kOverdue{error_code::kDeadlineExceeded, "too late", Retryable::kYes};

struct Case {
  std::string name;
  JobAttempts attempts;
  Error error;
  milliseconds left;
  std::optional<milliseconds> pause;
};

class NextAttempt : public ::testing::TestWithParam<Case> {};

TEST_P(NextAttempt, ComesAsBullMqsOrNotAtAll) {
  const Case& c = GetParam();
  EXPECT_EQ(next_attempt_in(c.attempts, c.error, c.left), c.pause);
}

INSTANTIATE_TEST_SUITE_P(
    , NextAttempt,
    ::testing::Values(
        Case{"TheOnlyAttempt", attempts(0, 1), kRetryable, milliseconds(9999), {}},
        Case{"TheFirstOfThree", attempts(0, 3), kRetryable, milliseconds(9999), milliseconds(100)},
        Case{"TheSecondOfThreeWaitsTwiceAsLong", attempts(1, 3), kRetryable, milliseconds(9999),
             milliseconds(200)},
        Case{"TheLastOfThree", attempts(2, 3), kRetryable, milliseconds(9999), {}},
        Case{"AFinalError", attempts(0, 3), kFinal, milliseconds(9999), {}},
        Case{"ADeadlineThatHasPassed", attempts(0, 3), kOverdue, milliseconds(9999), {}},
        Case{"APauseBeyondTheDeadline", attempts(0, 3), kRetryable, milliseconds(100), {}},
        Case{"APauseJustBeforeTheDeadline", attempts(0, 3), kRetryable, milliseconds(101), milliseconds(100)},
        Case{"AFixedPause", attempts(1, 3, "fixed"), kRetryable, milliseconds(9999), milliseconds(100)},
        Case{"AStrategyOfSomebodyElses", attempts(1, 3, "mine"), kRetryable, milliseconds(9999),
             milliseconds(0)},
        Case{"APowerThatNoNumberHolds", attempts(500, 900), kRetryable, milliseconds(9999), {}}),
    [](const auto& tested) { return tested.param.name; });

TEST(AnAttemptWithoutBackoff, ComesAtOnce) {
  JobAttempts job;
  job.allowed = 2;
  EXPECT_EQ(next_attempt_in(job, kRetryable, milliseconds(10)), milliseconds(0));
}

TEST(RetryMessage, TellsWhichAttemptFailedWhyAndWhenTheNextComes) {
  EXPECT_EQ(retry_message(attempts(1, 3), kRetryable, milliseconds(200)),
            "attempt 2 of 3 failed (upstream_failed: it broke); the next one comes in 200 ms");
}

}  // namespace
}  // namespace shunt::executor
