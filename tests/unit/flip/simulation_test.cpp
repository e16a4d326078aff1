#include "shunt/flip/simulation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <map>
#include <thread>
#include <vector>

#include "support/emulation.hpp"
#include "support/sanitized.hpp"

namespace shunt::flip {
namespace {

using std::chrono::hours;

// The figures are arithmetic on fixed seeds, which a sanitizer or an emulator only makes slow: a part of it
// is enough there.
const bool kSlow = kSanitized || testing::is_emulated();
const int kHealthyRollouts = kSlow ? 200 : 2'000;
const int kBusyRollouts = kSlow ? 20 : 400;
const int kBrokenRollouts = kSlow ? 30 : 300;

// How many of so many rollouts came to which end. The stages before the canary say nothing of its verdicts.
std::map<StoryEnd, int> ends_of(int rollouts, const Scenario& scenario) {
  Plan plan = default_plan();
  plan.dark = {.least_time = {}, .least_probes = 0};
  plan.shadow.enabled = false;
  const auto run = [plan, scenario](int first, int end) {
    std::map<StoryEnd, int> ends;
    for (int i = first; i < end; ++i) {
      Scenario one = scenario;
      one.seed = scenario.seed + static_cast<std::uint64_t>(i);
      ++ends[simulate(plan, one).end];
    }
    return ends;
  };
  auto half = std::async(std::launch::async, run, rollouts / 2, rollouts);
  std::map<StoryEnd, int> ends = run(0, rollouts / 2);
  for (const auto& [end, count] : half.get()) ends[end] += count;
  return ends;
}

TEST(SimulatedRollout, ThatIsHealthyIsAbortedInAtMostFourOfAHundred) {
  Scenario healthy;
  healthy.errors = 0.02;
  healthy.person = Scenario::Person::kResumes;
  auto ends = ends_of(kHealthyRollouts, healthy);
  RecordProperty("aborted", ends[StoryEnd::kAborted]);
  EXPECT_LE(ends[StoryEnd::kAborted], kHealthyRollouts * 4 / 100);
  EXPECT_EQ(ends[StoryEnd::kAborted] + ends[StoryEnd::kFull], kHealthyRollouts);
}

// Each of its steps is looked at on samples from a hundred jobs to a million.
TEST(SimulatedRollout, ThatIsHealthyAndBusyIsAbortedInAtMostFourOfAHundred) {
  Scenario healthy;
  healthy.errors = 0.02;
  healthy.per_minute = 1'000;
  healthy.person = Scenario::Person::kResumes;
  auto ends = ends_of(kBusyRollouts, healthy);
  RecordProperty("aborted", ends[StoryEnd::kAborted]);
  EXPECT_LE(ends[StoryEnd::kAborted], std::max(kBusyRollouts * 4 / 100, 2));
}

TEST(SimulatedRollout, WhoseErrorsRiseFromTwoToEightPerCentIsAlwaysAborted) {
  Scenario broken;
  broken.errors = 0.02;
  broken.then_errors = 0.08;
  broken.person = Scenario::Person::kResumes;
  for (const double per_minute : {20.0, 50.0, 200.0}) {
    broken.per_minute = per_minute;
    EXPECT_EQ(ends_of(kBrokenRollouts, broken)[StoryEnd::kAborted], kBrokenRollouts) << per_minute;
  }
}

TEST(SimulatedRollout, ThatBecomesSlowIsAborted) {
  Scenario slow;
  slow.then_slower = 1.5;
  slow.person = Scenario::Person::kResumes;
  EXPECT_EQ(ends_of(kBrokenRollouts / 3, slow)[StoryEnd::kAborted], kBrokenRollouts / 3);
}

TEST(SimulatedRollout, IsToldFromStartToFull) {
  const Story story = simulate(default_plan(), {});
  std::vector<std::string> places;
  for (const StoryEntry& entry : story.entries) places.push_back(place_text(entry.record));
  EXPECT_THAT(places, ::testing::ElementsAre("dark", "shadow", "canary 1%, step 1 of 5",
                                             "canary 5%, step 2 of 5", "canary 10%, step 3 of 5",
                                             "canary 25%, step 4 of 5", "canary 50%, step 5 of 5", "full"));
  EXPECT_EQ(story.end, StoryEnd::kFull);
  EXPECT_GE(story.took, hours(34));
  for (std::size_t i = 1; i < story.entries.size(); ++i) {
    EXPECT_GT(story.entries[i].at, story.entries[i - 1].at);
    EXPECT_EQ(story.entries[i].record.epoch, story.entries[i - 1].record.epoch + 1);
  }
}

TEST(SimulatedRollout, IsTakenBackInOrderAndCoolsDown) {
  Scenario broken;
  broken.then_errors = 0.3;
  broken.then_from = Weight::percent(25);
  const Story story = simulate(default_plan(), broken);
  ASSERT_EQ(story.end, StoryEnd::kAborted);
  ASSERT_GE(story.entries.size(), 4U);
  const auto last = story.entries.end();
  EXPECT_EQ((last - 4)->record.step, 3U) << "it broke at 25 %";
  EXPECT_EQ((last - 3)->record.state, FlipState::kAborting);
  EXPECT_EQ((last - 3)->verdict.outcome, Outcome::kFailed);
  EXPECT_EQ((last - 2)->record.state, FlipState::kDraining);
  EXPECT_EQ((last - 1)->record.state, FlipState::kOff);
  EXPECT_EQ((last - 1)->record.cool_down, std::chrono::minutes(30));
}

TEST(SimulatedRollout, WithoutTrafficWaitsForEver) {
  Scenario quiet;
  quiet.per_minute = 0;
  const Story story = simulate(default_plan(), quiet);
  EXPECT_EQ(story.end, StoryEnd::kUnfinished);
  EXPECT_EQ(story.entries.back().record.state, FlipState::kShadow);
  EXPECT_THAT(story.waits_for, ::testing::HasSubstr("0 of 5000 comparisons"));
}

TEST(SimulatedRollout, OfASeedIsTheSameEachTime) {
  Scenario scenario;
  scenario.seed = 42;
  const Story one = simulate(default_plan(), scenario);
  const Story two = simulate(default_plan(), scenario);
  scenario.seed = 43;
  const Story other = simulate(default_plan(), scenario);
  EXPECT_EQ(one.canary_jobs, two.canary_jobs);
  EXPECT_EQ(one.canary_errors, two.canary_errors);
  EXPECT_EQ(one.took, two.took);
  EXPECT_NE(one.canary_jobs, other.canary_jobs);
}

}  // namespace
}  // namespace shunt::flip
