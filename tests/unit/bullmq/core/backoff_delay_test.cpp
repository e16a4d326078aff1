#include "core/backoff_delay.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace bullmq::detail {
namespace {

// The largest number that a random generator gives which gives numbers below one.
const double kAlmostOne = std::nextafter(1.0, 0.0);

Backoff backoff(const std::string& type, std::int64_t delay, std::optional<double> jitter = {}) {
  Backoff made;
  made.type = type;
  made.delay = Milliseconds(delay);
  made.jitter = jitter;
  return made;
}

struct Case {
  const char* name;
  Backoff backoff;
  std::int64_t attempts_made;
  double random;
  std::int64_t expected;
};

TEST(BackoffDelay, IsWhatNodeComputes) {
  const Case cases[] = {
      {"fixed, first", backoff("fixed", 1000), 1, 0.9, 1000},
      {"fixed, later", backoff("fixed", 1000), 50, 0.9, 1000},
      {"fixed, none", backoff("fixed", 0), 1, 0.9, 0},
      {"fixed, -1 fails the job", backoff("fixed", -1), 1, 0.9, -1},
      {"exponential, first", backoff("exponential", 1000), 1, 0.9, 1000},
      {"exponential, second", backoff("exponential", 1000), 2, 0.9, 2000},
      {"exponential, tenth", backoff("exponential", 1000), 10, 0.9, 512'000},
      {"exponential, before the first rounds half up", backoff("exponential", 5), 0, 0.9, 3},
      {"jitter at its lowest", backoff("fixed", 1000, 0.25), 1, 0.0, 750},
      {"jitter at its highest", backoff("fixed", 1000, 0.25), 1, kAlmostOne, 1000},
      {"jitter in the middle", backoff("fixed", 1000, 0.5), 1, 0.5, 750},
      {"jitter rounds down", backoff("fixed", 7, 0.5), 1, 0.5, 5},
      {"no jitter", backoff("fixed", 1000, 0.0), 1, 0.0, 1000},
      {"all jitter at its lowest", backoff("fixed", 1000, 1.0), 1, 0.0, 0},
      {"all jitter at its highest", backoff("fixed", 1000, 1.0), 1, kAlmostOne, 999},
      {"jitter of the doubled delay", backoff("exponential", 1000, 0.5), 3, 0.0, 2000},
      {"a negative jitter is none", backoff("fixed", 1000, -3.0), 1, 0.5, 1000},
      {"more jitter than there can be", backoff("fixed", 1000, 1e300), 1, 0.5, 500},
  };
  for (const Case& c : cases)
    EXPECT_EQ(backoff_delay(c.backoff, c.attempts_made, c.random), c.expected) << c.name;
}

TEST(BackoffDelay, WithoutADelayIsNone) {
  for (const char* type : {"fixed", "exponential"}) {
    Backoff nothing;
    nothing.type = type;
    EXPECT_EQ(backoff_delay(nothing, 3, 0.5), 0) << type;
  }
}

TEST(BackoffDelay, OfAnotherKindIsForTheWorkersStrategy) {
  for (const char* type : {"", "linear", "Fixed", "fixed "}) {
    EXPECT_EQ(backoff_delay(backoff(type, 1000), 1, 0.5), std::nullopt) << type;
  }
}

TEST(BackoffDelay, NeverLeavesWhatAScoreCanHold) {
  const std::int64_t largest = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t delay : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1000}, largest, -largest}) {
    for (const std::int64_t attempts : {std::int64_t{1}, std::int64_t{54}, std::int64_t{1100}, largest}) {
      for (const double jitter : {0.0, 0.5, 1.0, 1e308}) {
        for (const double random : {0.0, 0.5, kAlmostOne}) {
          for (const char* type : {"fixed", "exponential"}) {
            const auto computed = backoff_delay(backoff(type, delay, jitter), attempts, random);
            ASSERT_TRUE(computed);
            EXPECT_LE(std::abs(*computed), 2'000'000'000'000) << type << delay << " " << attempts;
            if (delay == 0) {
              EXPECT_EQ(*computed, 0);
            }
            if (delay > 0) {
              EXPECT_GE(*computed, 0);
            }
          }
        }
      }
    }
  }
}

TEST(BackoffDelay, GrowsWithTheAttemptsAndThenStays) {
  std::int64_t last = 0;
  for (std::int64_t attempts = 1; attempts < 2'000; ++attempts) {
    const auto computed = backoff_delay(backoff("exponential", 100), attempts, 0.5);
    EXPECT_GE(*computed, last);
    last = *computed;
  }
}

}  // namespace
}  // namespace bullmq::detail
