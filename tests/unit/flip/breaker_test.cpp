#include "shunt/flip/breaker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace shunt::flip {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using O = EnqueueOutcome;
using State = BreakerState;

// The middle draw: no jitter.
constexpr double kMiddle = 0.5;

// A breaker with a clock that the test moves.
class BreakerTest : public ::testing::Test {
 protected:
  void ends(O outcome, int times = 1) {
    for (int i = 0; i < times; ++i) breaker.ended(now, outcome, breaker.openings(), kMiddle);
  }
  bool passes(double draw = 0) { return breaker.admit(now, draw).granted; }
  void probe(bool good) { breaker.probe_ended(now, good, breaker.openings(), kMiddle); }
  std::uint32_t probes() { return breaker.probes_to_send(now, kMiddle).count; }
  void open_it() {
    ends(O::kDeadline, 5);
    ASSERT_EQ(breaker.state(), State::kOpen);
  }
  void half_open_it() {
    open_it();
    now += seconds(60);
    ASSERT_EQ(probes(), 1U);
    ASSERT_EQ(breaker.state(), State::kHalfOpen);
  }
  void close_it() {
    half_open_it();
    probe(true);
    ASSERT_EQ(probes(), 3U);
    for (int i = 0; i < 3; ++i) probe(true);
    ASSERT_EQ(breaker.state(), State::kClosed);
  }

  SteadyTime now{std::chrono::hours(5)};
  Breaker breaker;
};

TEST_F(BreakerTest, CountsWhatTheQueueDidAndNotWhatCallersDid) {
  for (const O bad :
       {O::kDeadline, O::kUnreachable, O::kOutOfMemory, O::kReadOnly, O::kMisconfigured, O::kLoading}) {
    EXPECT_EQ(health_of(bad), Health::kBad);
  }
  EXPECT_EQ(health_of(O::kAccepted), Health::kGood);
  ends(O::kBadInput, 100);
  EXPECT_EQ(breaker.state(), State::kClosed);
  // It does not break a row either.
  ends(O::kDeadline, 4);
  ends(O::kBadInput);
  ends(O::kDeadline);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST_F(BreakerTest, OpensAfterFiveInARow) {
  ends(O::kUnreachable, 4);
  EXPECT_TRUE(passes());
  ends(O::kUnreachable);
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_FALSE(passes());
}

TEST_F(BreakerTest, OpensWhenHalfOfTenWithinTenSecondsFailed) {
  for (int i = 0; i < 4; ++i) {
    ends(O::kAccepted);
    ends(O::kDeadline);
  }
  ends(O::kAccepted);
  EXPECT_EQ(breaker.state(), State::kClosed) << "four of nine";
  ends(O::kDeadline);
  EXPECT_EQ(breaker.state(), State::kOpen) << "five of ten";
}

TEST_F(BreakerTest, ForgetsWhatIsOlderThanItsWindow) {
  for (int i = 0; i < 4; ++i) {
    ends(O::kAccepted);
    ends(O::kDeadline);
  }
  ends(O::kAccepted);
  now += seconds(10);
  ends(O::kDeadline);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(BreakerTest, StaysOpenForFiveSecondsDoublingToAMinute) {
  std::vector<std::int64_t> lengths;
  open_it();
  for (int i = 0; i < 6; ++i) {
    const SteadyTime opened = now;
    while (probes() == 0) now += milliseconds(500);
    lengths.push_back(std::chrono::duration_cast<seconds>(now - opened).count());
    probe(false);
    EXPECT_EQ(breaker.state(), State::kOpen);
  }
  EXPECT_THAT(lengths, ::testing::ElementsAre(5, 10, 20, 40, 60, 60));
}

TEST_F(BreakerTest, SpreadsTheTimesOfAFleet) {
  for (const auto& [draw, length] :
       {std::pair(0.0, milliseconds(4'000)), std::pair(0.999, milliseconds(5'998))}) {
    Breaker one;
    for (int i = 0; i < 5; ++i) one.ended(now, O::kDeadline, 0, draw);
    EXPECT_EQ(one.probes_to_send(now + length - milliseconds(1), 0).count, 0U);
    EXPECT_EQ(one.probes_to_send(now + length, 0).count, 1U);
  }
}

TEST_F(BreakerTest, HalfOpenSendsOneProbeThenThreeAndLetsNoCallerThrough) {
  half_open_it();
  EXPECT_EQ(probes(), 0U) << "one is on its way";
  EXPECT_FALSE(passes());
  probe(true);
  EXPECT_EQ(probes(), 3U);
  EXPECT_FALSE(passes());
  probe(true);
  probe(true);
  EXPECT_EQ(breaker.state(), State::kHalfOpen) << "it decides when all are in";
  probe(true);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(BreakerTest, OpensAgainWithAnyBadProbe) {
  half_open_it();
  probe(true);
  EXPECT_EQ(probes(), 3U);
  probe(true);
  probe(false);
  EXPECT_EQ(breaker.state(), State::kOpen);
  probe(true);
  EXPECT_EQ(breaker.state(), State::kOpen) << "the third one comes too late";
}

TEST_F(BreakerTest, TakesAProbeOfWhichNothingIsHeardForABadOne) {
  half_open_it();
  now += seconds(29);
  EXPECT_EQ(probes(), 0U);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  now += seconds(1);
  EXPECT_EQ(probes(), 0U);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST_F(BreakerTest, LetsATenthThenHalfThenEverybodyThroughAfterItCloses) {
  close_it();
  struct Case {
    seconds after;
    double share;
  };
  const SteadyTime closed = now;
  for (const auto& [after, share] : {Case{seconds(0), 0.1}, Case{seconds(19), 0.1}, Case{seconds(20), 0.5},
                                     Case{seconds(39), 0.5}, Case{seconds(40), 1}, Case{seconds(60), 1}}) {
    now = closed + after;
    EXPECT_DOUBLE_EQ(breaker.admitted_share(now), share) << after.count();
    EXPECT_TRUE(passes(share - 0.01));
    EXPECT_FALSE(passes(share)) << after.count();
  }
}

TEST_F(BreakerTest, StaysOpenForAsLongAsBeforeOnlyUntilItsRampIsOver) {
  close_it();
  open_it();
  now += milliseconds(9'999);
  EXPECT_EQ(probes(), 0U) << "ten seconds: the second time in a row";
  now += milliseconds(1);
  EXPECT_EQ(probes(), 1U);
  probe(true);
  EXPECT_EQ(probes(), 3U);
  for (int i = 0; i < 3; ++i) probe(true);
  now += seconds(60);
  EXPECT_TRUE(passes());
  open_it();
  now += seconds(5);
  EXPECT_EQ(probes(), 1U);
}

TEST_F(BreakerTest, TakesNoNoticeOfOutcomesThatBeganInAnEarlierOpening) {
  const auto before = breaker.admit(now, 0);
  open_it();
  breaker.ended(now, O::kAccepted, before.opening, kMiddle);
  EXPECT_EQ(breaker.state(), State::kOpen);
  now += seconds(60);
  EXPECT_EQ(probes(), 1U);
  breaker.probe_ended(now, true, before.opening, kMiddle);
  EXPECT_EQ(breaker.state(), State::kHalfOpen);
  probe(true);
  EXPECT_EQ(probes(), 3U);
  for (int i = 0; i < 3; ++i) probe(true);
  for (int i = 0; i < 9; ++i) breaker.ended(now, O::kDeadline, before.opening, kMiddle);
  EXPECT_EQ(breaker.state(), State::kClosed);
}

TEST_F(BreakerTest, IsAlertWhileOthersAreOpenAndNeverOpensForThemAlone) {
  breaker.hint(true);
  EXPECT_TRUE(passes());
  ends(O::kAccepted, 100);
  EXPECT_EQ(breaker.state(), State::kClosed);
  ends(O::kDeadline);
  EXPECT_EQ(breaker.state(), State::kOpen);
}

TEST_F(BreakerTest, ForcedOpenLetsNobodyThroughAndSendsNoProbe) {
  breaker.set_mode(now, BreakerMode::kForcedOpen);
  EXPECT_FALSE(passes());
  EXPECT_EQ(probes(), 0U);
  ends(O::kAccepted, 10);
  EXPECT_FALSE(passes());
  EXPECT_EQ(breaker.open_for(now), milliseconds(0)) << "a drill is no outage";
  breaker.set_mode(now, BreakerMode::kNormal);
  EXPECT_TRUE(passes(0.99));
}

TEST_F(BreakerTest, ForcedClosedLetsEverybodyThroughAndCountsNothing) {
  open_it();
  breaker.set_mode(now, BreakerMode::kForcedClosed);
  EXPECT_TRUE(passes(0.99));
  ends(O::kDeadline, 100);
  EXPECT_TRUE(passes(0.99));
  breaker.set_mode(now, BreakerMode::kNormal);
  EXPECT_EQ(breaker.state(), State::kClosed);
  ends(O::kDeadline, 4);
  EXPECT_EQ(breaker.state(), State::kClosed) << "nothing of before is left";
}

TEST_F(BreakerTest, MetricsOnlyRehearsesWithoutRefusing) {
  breaker.set_mode(now, BreakerMode::kMetricsOnly);
  ends(O::kDeadline, 5);
  EXPECT_EQ(breaker.state(), State::kOpen);
  EXPECT_TRUE(passes(0.99));
  now += seconds(60);
  EXPECT_EQ(probes(), 1U);
  EXPECT_TRUE(passes(0.99));
}

TEST_F(BreakerTest, TellsForHowLongItHasNotBeenClosed) {
  EXPECT_EQ(breaker.open_for(now), milliseconds(0));
  open_it();
  now += seconds(60);
  EXPECT_EQ(probes(), 1U);
  probe(false);
  now += seconds(65);
  EXPECT_EQ(breaker.open_for(now), seconds(125)) << "half-open and open again are one outage";
}

}  // namespace
}  // namespace shunt::flip
