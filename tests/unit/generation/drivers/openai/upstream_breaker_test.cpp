#include "drivers/openai/upstream_breaker.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace shunt::generation::openai {
namespace {

using namespace std::chrono_literals;
using Health = UpstreamHealth;
using State = UpstreamState;

// Time and draws as the test says. Half a draw is no jitter.
class UpstreamBreakerTest : public ::testing::Test {
 protected:
  UpstreamBreaker breaker_{{.failures = 3, .open = 10s, .max_open = 35s}};
  SteadyTime now_{1000s};

  void attempt(Health health, std::chrono::milliseconds rest = {}) {
    breaker_.leave(now_, breaker_.enter(now_), health, rest, 0.5);
  }
  void given_open() {
    for (int i = 0; i < 3; ++i) attempt(Health::kBad);
    ASSERT_EQ(breaker_.state(now_), State::kOpen);
  }
};

TEST_F(UpstreamBreakerTest, OpensAfterFailuresInARowOnly) {
  struct Case {
    std::vector<Health> ends;
    State state;
  };
  for (const Case& c : {Case{{}, State::kClosed}, Case{{Health::kBad, Health::kBad}, State::kClosed},
                        Case{{Health::kBad, Health::kBad, Health::kBad}, State::kOpen},
                        Case{{Health::kBad, Health::kBad, Health::kGood, Health::kBad}, State::kClosed},
                        Case{{Health::kBad, Health::kNeither, Health::kBad, Health::kBad}, State::kOpen},
                        Case{{Health::kBad, Health::kBad, Health::kResting, Health::kBad}, State::kClosed}}) {
    UpstreamBreaker breaker({.failures = 3, .open = 10s, .max_open = 35s});
    for (const Health end : c.ends) breaker.leave(now_, breaker.enter(now_), end, 0ms, 0.5);
    EXPECT_EQ(breaker.state(now_ + 1ms), c.state) << c.ends.size();
  }
}

TEST_F(UpstreamBreakerTest, AdmitsNothingWhileOpenAndOneTrialAfterwards) {
  given_open();
  EXPECT_FALSE(breaker_.admits(now_ + 9s));
  now_ += 10s;
  EXPECT_TRUE(breaker_.admits(now_));
  const auto trial = breaker_.enter(now_);
  EXPECT_TRUE(trial.trial);
  EXPECT_FALSE(breaker_.admits(now_)) << "while the trial runs";
  breaker_.leave(now_, trial, Health::kGood, {}, 0.5);
  EXPECT_EQ(breaker_.state(now_), State::kClosed);
}

TEST_F(UpstreamBreakerTest, StaysOpenTwiceAsLongAfterEachTrialThatFails) {
  given_open();
  for (const auto length : {10s, 20s, 35s, 35s}) {
    EXPECT_FALSE(breaker_.admits(now_ + length - 1ms));
    now_ += length;
    ASSERT_TRUE(breaker_.admits(now_));
    attempt(Health::kBad);
  }
  EXPECT_EQ(breaker_.opened(), 5U);
}

TEST_F(UpstreamBreakerTest, BeginsAnewWithItsShortestTimeOnceItWasClosed) {
  given_open();
  now_ += 10s;
  attempt(Health::kBad);
  now_ += 20s;
  attempt(Health::kGood);
  given_open();
  EXPECT_TRUE(breaker_.admits(now_ + 10s));
}

TEST_F(UpstreamBreakerTest, LetsAnotherTryWhenTheTrialSaysNothing) {
  given_open();
  now_ += 10s;
  attempt(Health::kNeither);
  EXPECT_TRUE(breaker_.admits(now_));
}

TEST_F(UpstreamBreakerTest, HearsNothingOfAttemptsFromBeforeItOpened) {
  const auto old = breaker_.enter(now_);
  given_open();
  breaker_.leave(now_, old, Health::kGood, {}, 0.5);
  EXPECT_EQ(breaker_.state(now_), State::kOpen);
}

TEST_F(UpstreamBreakerTest, ClosesWhenAnAttemptOfLastResortIsGood) {
  given_open();
  attempt(Health::kBad);
  EXPECT_EQ(breaker_.opened(), 1U) << "its failure says nothing new";
  attempt(Health::kGood);
  EXPECT_EQ(breaker_.state(now_), State::kClosed);
}

TEST_F(UpstreamBreakerTest, RestsForAsLongAsTheServerAsks) {
  attempt(Health::kResting, 2s);
  EXPECT_EQ(breaker_.state(now_), State::kResting);
  EXPECT_FALSE(breaker_.admits(now_ + 1999ms));
  EXPECT_TRUE(breaker_.admits(now_ + 2s));
}

TEST_F(UpstreamBreakerTest, VariesItsTimesByAFifthEachWay) {
  for (const auto& [draw, length] : {std::pair(0.0, 8000ms), std::pair(0.999999, 12000ms)}) {
    UpstreamBreaker breaker({.failures = 1, .open = 10s, .max_open = 35s});
    breaker.leave(now_, breaker.enter(now_), Health::kBad, {}, draw);
    EXPECT_FALSE(breaker.admits(now_ + length - 2ms)) << draw;
    EXPECT_TRUE(breaker.admits(now_ + length)) << draw;
  }
}

}  // namespace
}  // namespace shunt::generation::openai
