#include "shunt/flip/controller.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

using S = FlipState;
using E = FlipEvent;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::HasSubstr;

// One fleet, one tick after the other. What happens is as well as it can be, until a test says otherwise.
class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest() { in(S::kCanary, 2); }

  void in(S state, std::size_t step = 0, std::optional<Resting> before = {}) {
    record = first_record(Strategy::kSync, "r1", {});
    record.epoch = 7;
    record.state = state;
    record.step = step;
    record.before = before;
    record.build = fleet.build = "one";
    progress = {};
    figures = {};
    figures.traffic = true;
    jobs(1'000, 20, 20);
  }
  void jobs(std::uint64_t each, std::uint64_t control_errors, std::uint64_t canary_errors) {
    const auto bucket = LatencyHistogram::bucket_of(milliseconds(100));
    for (const auto& [side, errors] :
         {std::pair(&figures.control, control_errors), {&figures.canary, canary_errors}}) {
      *side = {.jobs = each, .errors = errors, .total = {}};
      side->total.add(bucket, each);
    }
  }
  TickOutput tick(bool readable = true) {
    TickOutput out = control({record, progress, readable ? &figures : nullptr, fleet, minutes(1)});
    progress = out.progress;
    return out;
  }
  // How many ticks until an event; 0: none in so many.
  int ticks_until(E event, int most, bool readable = true) {
    for (int i = 1; i <= most; ++i) {
      const TickOutput out = tick(readable);
      if (!out.event) continue;
      EXPECT_EQ(event_name(*out.event), event_name(event)) << out.verdict.why;
      return i;
    }
    return 0;
  }

  FlipRecord record;
  StepProgress progress;
  Figures figures;
  FleetView fleet{.converged = true, .preflight_passed = true, .build = "one"};
};

TEST_F(ControllerTest, AdvancesWhenTimeAndJobsAreOver) {
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 120);
}

TEST_F(ControllerTest, WaitsForJobsWithoutHoldingOrAborting) {
  jobs(999, 20, 20);
  EXPECT_EQ(ticks_until(E::kAdvance, 1'000), 0);
  EXPECT_EQ(tick().verdict.outcome, Outcome::kTooSmall);
  jobs(1'000, 20, 20);
  EXPECT_EQ(tick().event, E::kAdvance);
}

TEST_F(ControllerTest, StopsTheClockWhileThereIsNoTraffic) {
  figures.traffic = false;
  EXPECT_EQ(ticks_until(E::kAdvance, 10'000), 0);
  EXPECT_EQ(progress.clock, milliseconds(0));
  EXPECT_EQ(tick().verdict.outcome, Outcome::kGoing);
  figures.traffic = true;
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 120);
}

TEST_F(ControllerTest, AbortsAFailedStepAtOnce) {
  jobs(1'000, 20, 80);
  EXPECT_EQ(ticks_until(E::kAbort, 1), 1);
}

TEST_F(ControllerTest, HoldsAnInconclusiveStepAtItsEnd) {
  jobs(1'000, 20, 45);
  EXPECT_EQ(ticks_until(E::kHold, 500), 120);
}

TEST_F(ControllerTest, HoldsAfterThreeTicksWithoutFigures) {
  EXPECT_EQ(ticks_until(E::kHold, 10, false), 3);
  in(S::kCanary, 2);
  EXPECT_FALSE(tick(false).event);
  EXPECT_FALSE(tick(false).event);
  EXPECT_FALSE(tick().event);
  EXPECT_EQ(ticks_until(E::kHold, 10, false), 3) << "in a row";
}

TEST_F(ControllerTest, NeverPromotesWithoutFigures) {
  progress = {.epoch = 7, .clock = hours(99)};
  const TickOutput out = tick(false);
  EXPECT_FALSE(out.event);
  EXPECT_EQ(out.verdict.outcome, Outcome::kNoData);
  EXPECT_EQ(out.progress.clock, hours(99)) << "the clock stands";
}

TEST_F(ControllerTest, AbortsAHeldStepAfterTenTicksWithoutFigures) {
  in(S::kHeld, 0, Resting{S::kCanary, 2});
  EXPECT_EQ(ticks_until(E::kAbort, 50, false), 10);
}

TEST_F(ControllerTest, NeverMovesAHeldStepUpAndTakesABadOneBack) {
  in(S::kHeld, 0, Resting{S::kCanary, 2});
  EXPECT_EQ(ticks_until(E::kAdvance, 1'000), 0);
  jobs(1'000, 20, 80);
  EXPECT_EQ(tick().event, E::kAbort);
  in(S::kHeld, 0, Resting{S::kShadow, 0});
  EXPECT_EQ(ticks_until(E::kAdvance, 1'000), 0);
  figures.guards.lost = 1;
  EXPECT_EQ(tick().event, E::kAbort);
}

TEST_F(ControllerTest, AbortsOnAHardGuardFromDarkToCanary) {
  for (const S state : {S::kDark, S::kShadow, S::kCanary}) {
    in(state);
    figures.guards.duplicates = 1;
    EXPECT_EQ(tick().event, E::kAbort) << state_name(state);
    in(state);
    figures.guards.leases_gone = true;
    EXPECT_EQ(ticks_until(E::kAbort, 10), 2) << state_name(state);
    in(state);
    figures.guards.oldest_waiting = milliseconds(30'001);
    figures.guards.wait_deadline = minutes(1);
    EXPECT_EQ(ticks_until(E::kAbort, 10), 2) << state_name(state);
  }
}

TEST_F(ControllerTest, MovesNothingInFullAndTellsPeopleOnce) {
  in(S::kFull);
  figures.guards.breaker_open_for = minutes(5);
  EXPECT_THAT(tick().alert, HasSubstr("breaker"));
  for (int i = 0; i < 100; ++i) {
    const TickOutput out = tick();
    EXPECT_FALSE(out.event);
    EXPECT_EQ(out.alert, "");
  }
  figures.guards.breaker_open_for = {};
  EXPECT_EQ(tick().alert, "");
  figures.guards.breaker_open_for = minutes(5);
  EXPECT_NE(tick().alert, "") << "a new trouble";
}

TEST_F(ControllerTest, MovesNothingInFullWhileTheStoreIsAway) {
  in(S::kFull);
  record.plan.guards.full = FullGuard::kAbort;
  int alerts = 0;
  for (int i = 0; i < 1'000; ++i) {
    const TickOutput out = tick(false);
    EXPECT_FALSE(out.event);
    alerts += out.alert.empty() ? 0 : 1;
  }
  EXPECT_EQ(alerts, 1);
}

TEST_F(ControllerTest, AbortsFullWhereThePlanSaysSo) {
  in(S::kFull);
  record.plan.guards.full = FullGuard::kAbort;
  figures.guards.evictions = 1;
  EXPECT_EQ(tick().event, E::kAbort);
}

TEST_F(ControllerTest, LeavesOffAndForcedStatesToPeople) {
  for (const S state : {S::kOff, S::kForcedSync, S::kForcedQueue}) {
    in(state, 0, is_forced(state) ? std::optional(Resting{S::kCanary, 2}) : std::nullopt);
    figures.guards.lost = 5;
    jobs(1'000, 0, 500);
    for (int i = 0; i < 20; ++i) {
      EXPECT_FALSE(tick().event) << state_name(state);
      EXPECT_FALSE(tick(false).event) << state_name(state);
    }
  }
}

TEST_F(ControllerTest, LeavesDarkAfterAnHourOfGoodProbes) {
  in(S::kDark);
  figures.traffic = false;  // probes are enough
  figures.probes_in_a_row = 299;
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 0);
  figures.probes_in_a_row = 300;
  EXPECT_EQ(ticks_until(E::kAdvance, 1), 1);
  in(S::kDark);
  figures.probes_in_a_row = 300;
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 60);
}

TEST_F(ControllerTest, LeavesShadowWhenEnoughCopiesWereEqual) {
  in(S::kShadow);
  figures.comparisons = 4'999;
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 0);
  figures.comparisons = 5'000;
  EXPECT_EQ(tick().event, E::kAdvance);
  figures.mismatches = 1;
  EXPECT_EQ(tick().event, E::kAbort);
}

TEST_F(ControllerTest, WaitsForAcknowledgementAndPreflightOnTheWayUp) {
  progress = {.epoch = 7, .clock = hours(3)};
  fleet.converged = false;
  EXPECT_FALSE(tick().event);
  EXPECT_THAT(tick().verdict.why, HasSubstr("acknowledge epoch 7"));
  fleet.converged = true;
  fleet.preflight_passed = false;
  EXPECT_FALSE(tick().event);
  EXPECT_THAT(tick().verdict.why, HasSubstr("preflight"));
  jobs(1'000, 20, 80);
  EXPECT_EQ(tick().event, E::kAbort) << "down waits for nothing";
}

TEST_F(ControllerTest, TakesAnAbortToItsEnd) {
  in(S::kAborting);
  fleet.converged = false;
  EXPECT_EQ(ticks_until(E::kAcknowledged, 10), 0);
  fleet.converged = true;
  EXPECT_EQ(tick().event, E::kAcknowledged);
  in(S::kDraining);
  figures.in_flight = true;
  EXPECT_EQ(ticks_until(E::kDrained, 10), 0);
  EXPECT_EQ(ticks_until(E::kDrained, 10, false), 0) << "what cannot be read is not empty";
  figures.in_flight = false;
  EXPECT_EQ(tick().event, E::kDrained);
}

TEST_F(ControllerTest, BeginsAnewWithANewBuildOnceADeployIsOver) {
  fleet.build = "two";
  fleet.builds_mixed = true;
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 0);
  EXPECT_EQ(progress.clock, milliseconds(0)) << "a mixed fleet is not judged";
  fleet.builds_mixed = false;
  EXPECT_EQ(tick().event, E::kVersionChanged);
}

TEST_F(ControllerTest, CountsAStepAnewUnderANewEpoch) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(tick().event);
  record.epoch = 8;
  EXPECT_EQ(ticks_until(E::kAdvance, 500), 120);
}

TEST_F(ControllerTest, CountsNoMoreThanTwoTicksForATimeWithoutAController) {
  const TickOutput out = control({record, progress, &figures, fleet, hours(9)});
  EXPECT_EQ(out.progress.clock, minutes(2));
}

}  // namespace
}  // namespace shunt::flip
