#include "shunt/flip/verdict.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace shunt::flip {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::HasSubstr;

// A side of so many jobs with errors, a share of which took a second and the others a tenth of one.
SideFigures side_of_jobs(std::uint64_t jobs, std::uint64_t errors, std::uint64_t slow = 0,
                         milliseconds slow_time = std::chrono::seconds(1)) {
  SideFigures side;
  side.jobs = jobs;
  side.errors = errors;
  side.total.add(LatencyHistogram::bucket_of(milliseconds(100)), jobs - slow);
  side.total.add(LatencyHistogram::bucket_of(slow_time), slow);
  return side;
}

Figures figures_of(SideFigures control, SideFigures canary) {
  Figures figures;
  figures.control = control;
  figures.canary = canary;
  figures.traffic = true;
  return figures;
}

const PlanStep kStep{Weight::percent(10), hours(2), 1'000, true, true};

Verdict verdict_on(const Figures& figures, milliseconds clock = hours(2), const PlanStep& step = kStep) {
  StepProgress progress;
  progress.clock = clock;
  return judge(default_plan(), step, figures, progress);
}

struct Case {
  std::string_view name;
  Figures figures;
  milliseconds clock;
  Outcome outcome;
};

TEST(Verdict, OnErrorsIsByDeviations) {
  const std::vector<Case> cases{
      {"alike", figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 22)), hours(2), Outcome::kPassed},
      {"better", figures_of(side_of_jobs(1'000, 40), side_of_jobs(1'000, 5)), hours(2), Outcome::kPassed},
      {"z = 4.6 at once", figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 60)), minutes(1),
       Outcome::kFailed},
      {"z = 3.2 on the way", figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 45)), minutes(1),
       Outcome::kGoing},
      {"z = 3.2 at the end", figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 45)), hours(2),
       Outcome::kInconclusive},
      {"z = 2.1 at the end", figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 36)), hours(2),
       Outcome::kPassed},
      {"99 jobs prove nothing", figures_of(side_of_jobs(99, 0), side_of_jobs(99, 50)), minutes(1),
       Outcome::kGoing},
      {"100 do", figures_of(side_of_jobs(100, 0), side_of_jobs(100, 50)), minutes(1), Outcome::kFailed},
      {"too few at the end", figures_of(side_of_jobs(900, 18), side_of_jobs(900, 18)), hours(2),
       Outcome::kTooSmall},
      {"none beside them", figures_of(side_of_jobs(50, 1), side_of_jobs(1'000, 20)), hours(2),
       Outcome::kTooSmall},
      {"nothing happened", Figures{}, hours(2), Outcome::kTooSmall},
      {"time is not over", figures_of(side_of_jobs(5'000, 20), side_of_jobs(5'000, 20)), minutes(119),
       Outcome::kGoing},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(outcome_name(verdict_on(c.figures, c.clock).outcome), outcome_name(c.outcome)) << c.name;
  }
}

TEST(Verdict, OnTheTailNeedsDeviationsAndBothBounds) {
  const auto control = side_of_jobs(1'000, 0, 40);
  const auto tail = [&](std::uint64_t slow, milliseconds time) {
    return verdict_on(figures_of(control, side_of_jobs(1'000, 0, slow, time)), minutes(1)).outcome;
  };
  EXPECT_EQ(tail(120, std::chrono::seconds(1)), Outcome::kFailed);
  EXPECT_EQ(tail(60, std::chrono::seconds(1)), Outcome::kGoing) << "z = 2.1";
  EXPECT_EQ(tail(120, milliseconds(180)), Outcome::kGoing) << "80 ms worse";
  // 10 %: control at two seconds, canary 150 ms worse.
  const auto slow_control = side_of_jobs(1'000, 0, 1'000, milliseconds(2'000));
  const auto slower = side_of_jobs(1'000, 0, 1'000, milliseconds(2'150));
  EXPECT_EQ(verdict_on(figures_of(slow_control, slower), minutes(1)).outcome, Outcome::kGoing);
}

// It has been looked at for hours, and sees what is worth taking back all the same.
TEST(Verdict, OnALargeSampleTakesHalfADeviationMore) {
  const auto look = [](std::uint64_t jobs, std::uint64_t errors) {
    const auto control = side_of_jobs(jobs, jobs / 50);
    return verdict_on(figures_of(control, side_of_jobs(jobs, errors)), minutes(1)).outcome;
  };
  EXPECT_EQ(look(4'900, 154), Outcome::kFailed) << "z = 3.6";
  EXPECT_EQ(look(5'000, 157), Outcome::kGoing) << "z = 3.6";
  EXPECT_EQ(look(5'000, 165), Outcome::kFailed) << "z = 4.0";
}

TEST(Verdict, FreezesTheControlsTailOnceItIsOfEnoughJobs) {
  StepProgress progress;
  Figures figures = figures_of(side_of_jobs(399, 0), side_of_jobs(500, 0));
  EXPECT_FALSE(judge(default_plan(), kStep, figures, progress).threshold_ms);
  EXPECT_FALSE(progress.slow_bucket);
  figures = figures_of(side_of_jobs(400, 0), side_of_jobs(400, 0));
  const Verdict first = judge(default_plan(), kStep, figures, progress);
  ASSERT_TRUE(progress.slow_bucket);
  // The control's own tail grows: what counts as slow does not.
  figures = figures_of(side_of_jobs(1'000, 0, 500), side_of_jobs(1'000, 0, 500));
  const Verdict later = judge(default_plan(), kStep, figures, progress);
  EXPECT_EQ(later.threshold_ms, first.threshold_ms);
  EXPECT_EQ(later.control.slow, 500U);
}

// A small service's step may end before there is a tail to compare.
TEST(Verdict, AStepThatJudgesErrorsAloneNeedsNoTail) {
  PlanStep step = kStep;
  step.least_jobs = 100;
  const Figures figures = figures_of(side_of_jobs(150, 2), side_of_jobs(150, 2));
  EXPECT_EQ(verdict_on(figures, hours(2), step).outcome, Outcome::kTooSmall);
  step.judge_latency = false;
  EXPECT_EQ(verdict_on(figures, hours(2), step).outcome, Outcome::kPassed);
}

TEST(Verdict, JudgesOnlyWhatTheGateHas) {
  const Figures bad = figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 500, 900));
  PlanStep step = kStep;
  step.judge_errors = step.judge_latency = false;
  const Verdict verdict = verdict_on(bad, hours(2), step);
  EXPECT_EQ(verdict.outcome, Outcome::kPassed);
  EXPECT_GT(verdict.z_errors, 3.5) << "it is shown all the same";
  step.judge_latency = true;
  EXPECT_EQ(verdict_on(bad, hours(2), step).outcome, Outcome::kFailed);
}

TEST(Verdict, SaysWhatASampleOfItsSizeWouldHaveShown) {
  const Verdict verdict = verdict_on(figures_of(side_of_jobs(1'826, 18), side_of_jobs(1'826, 18)));
  EXPECT_EQ(verdict.outcome, Outcome::kPassed);
  EXPECT_NEAR(verdict.rise_errors.value(), 0.01, 0.001);
  EXPECT_THAT(verdict.why, HasSubstr("no rise of errors above 0.99% seen"));
  EXPECT_THAT(verdict_on(figures_of(side_of_jobs(900, 18), side_of_jobs(900, 18))).why,
              HasSubstr("too small a sample: 900 of 1000 jobs"));
}

TEST(Verdict, NamesTheNumberOfJobsThatIsMissing) {
  PlanStep step = kStep;
  step.least_jobs = 20;
  const Figures few = figures_of(side_of_jobs(53, 0), side_of_jobs(58, 0));
  EXPECT_THAT(verdict_on(few, hours(2), step).why, HasSubstr("58 of 100 jobs, 53 of 100 beside them"));
  const Figures few_beside = figures_of(side_of_jobs(53, 0), side_of_jobs(900, 0));
  EXPECT_THAT(verdict_on(few_beside, hours(2), step).why,
              HasSubstr("900 of 100 jobs, 53 of 100 beside them"));
  step.judge_errors = step.judge_latency = false;
  const Figures none_beside = figures_of(side_of_jobs(3, 0), side_of_jobs(10, 0));
  EXPECT_THAT(verdict_on(none_beside, hours(2), step).why, HasSubstr("10 of 20 jobs, 3 beside them"));
}

struct GuardCase {
  std::string_view name;
  void (*broken)(GuardFigures&);
  std::string_view words;
};

TEST(HardGuard, ComesBeforeEverythingElse) {
  const std::vector<GuardCase> cases{
      {"duplicate", [](GuardFigures& g) { g.duplicates = 1; }, "generations ran twice: 1"},
      {"lost", [](GuardFigures& g) { g.lost = 2; }, "accepted generations were lost: 2"},
      {"eviction", [](GuardFigures& g) { g.evictions = 1; }, "evicted"},
      {"memory", [](GuardFigures& g) { g.memory_share = 0.76; }, "76.0% of its memory"},
      {"breaker", [](GuardFigures& g) { g.breaker_open_for = minutes(2); }, "breaker has been open for 2m"}};
  for (const GuardCase& c : cases) {
    Figures figures = figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 500));
    c.broken(figures.guards);
    const Verdict verdict = verdict_on(figures, minutes(1));
    EXPECT_EQ(verdict.outcome, Outcome::kHardGuard) << c.name;
    EXPECT_THAT(verdict.why, HasSubstr(std::string(c.words)));
  }
}

TEST(HardGuard, IsNotBrokenAtItsBound) {
  Figures figures = figures_of(side_of_jobs(1'000, 20), side_of_jobs(1'000, 20));
  figures.guards.memory_share = 0.75;
  figures.guards.breaker_open_for = minutes(2) - milliseconds(1);
  EXPECT_EQ(verdict_on(figures).outcome, Outcome::kPassed);
}

TEST(HardGuard, OfAMomentsKindHasToBeBrokenForTwoTicks) {
  const Guards guards;
  StepProgress progress;
  progress.late = progress.without_lease = 1;
  EXPECT_EQ(broken_guard(guards, {}, progress), "");
  progress.late = 2;
  EXPECT_THAT(broken_guard(guards, {}, progress), HasSubstr("oldest job"));
  progress = {};
  progress.without_lease = 2;
  EXPECT_THAT(broken_guard(guards, {}, progress), HasSubstr("lease"));
}

}  // namespace
}  // namespace shunt::flip
