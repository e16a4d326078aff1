#include "drivers/openai/failover.hpp"

#include <gtest/gtest.h>

namespace shunt::generation::openai {
namespace {

using namespace std::chrono_literals;
using Progress = RequestProgress;
using Health = UpstreamHealth;

struct Case {
  std::string_view what;
  FailedAttempt attempt;
  bool never_begun;
  bool another_if_rerun;
  Health health;
};

const Case kCases[] = {
    {"refused, no TLS", {.progress = Progress::kNotConnected}, true, true, Health::kBad},
    {"half of the request written", {.progress = Progress::kNotWritten}, true, true, Health::kBad},
    {"closed after the request", {}, false, true, Health::kBad},
    {"silent", {.timed_out = true}, false, true, Health::kBad},
    {"429", {.status = 429}, true, true, Health::kResting},
    {"503 that loads", {.status = 503, .loading = true}, true, true, Health::kResting},
    {"503", {.status = 503}, false, true, Health::kBad},
    {"500", {.status = 500}, false, true, Health::kBad},
    {"502", {.status = 502}, false, true, Health::kBad},
    {"504", {.status = 504}, false, true, Health::kBad},
    {"408", {.status = 408}, false, true, Health::kBad},
    {"401", {.status = 401}, false, true, Health::kBad},
    {"400", {.status = 400}, false, false, Health::kGood},
    {"403", {.status = 403}, false, false, Health::kGood},
    {"404", {.status = 404}, false, false, Health::kGood},
    {"307", {.status = 307}, false, false, Health::kGood},
    {"an error within 200", {.status = 200, .in_answer = true, .passing = true}, false, true, Health::kBad},
    {"a refusal within 200", {.status = 200, .in_answer = true}, false, false, Health::kGood},
};

TEST(FailOver, AsksAnotherServerWhereTheWorkMayRunTwiceOrCannotHaveBegun) {
  for (const Case& c : kCases) {
    EXPECT_EQ(may_fail_over(OnLost::kRerun, c.attempt), c.another_if_rerun) << c.what;
    EXPECT_EQ(may_fail_over(OnLost::kFail, c.attempt), c.never_begun) << c.what;
    EXPECT_EQ(health_of(c.attempt), c.health) << c.what;
  }
}

TEST(FailOver, SparesAServerForAsLongAsItAsksAndAMinuteAtMost) {
  EXPECT_EQ(rest_of({.status = 429, .retry_after = "7"}, {}), 7s);
  EXPECT_EQ(rest_of({.status = 429, .retry_after = "3600"}, {}), 60s);
  EXPECT_EQ(rest_of({.status = 429, .retry_after = "soon"}, {}), 1s);
  EXPECT_EQ(rest_of({.status = 429}, {}), 1s);
}

}  // namespace
}  // namespace shunt::generation::openai
