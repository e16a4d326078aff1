#include "routes/wait_plan.hpp"

#include <gtest/gtest.h>

namespace shunt::api {
namespace {

using namespace std::chrono_literals;
constexpr auto kForever = std::chrono::milliseconds::max();

TEST(WaitPlan, WithoutAPreferenceTheDeadlineCountsAndEndsInAProblem) {
  EXPECT_EQ(plan_wait({}, 0ms).limit, kForever);
  EXPECT_EQ(plan_wait({}, 55s).limit, 55s);
  EXPECT_EQ(plan_wait({}, 55s).late, WaitPlan::Late::kProblem);
  EXPECT_EQ(plan_wait({}, 55s).applied, "");
}

TEST(WaitPlan, RespondAsyncDoesNotWaitAtAll) {
  const WaitPlan plan = plan_wait({.respond_async = true, .wait = {}}, 55s);
  EXPECT_TRUE(plan.at_once);
  EXPECT_EQ(plan.late, WaitPlan::Late::kAccepted);
  EXPECT_EQ(plan.applied_late, "respond-async");
}

TEST(WaitPlan, WaitIsBoundedByTheDeadlineAndSaysWhatWasApplied) {
  const WaitPlan plan = plan_wait({.wait = 10s}, 0ms);
  EXPECT_FALSE(plan.at_once);
  EXPECT_EQ(plan.limit, 10s);
  EXPECT_EQ(plan.late, WaitPlan::Late::kAccepted);
  EXPECT_EQ(plan.applied, "wait=10");
  EXPECT_EQ(plan.applied_late, "wait=10");
  EXPECT_EQ(plan_wait({.wait = 10s}, 2500ms).limit, 2500ms);
  EXPECT_EQ(plan_wait({.wait = 10s}, 2500ms).applied, "wait=2");
}

TEST(WaitPlan, BothTogetherWaitAndThenRespondAsync) {
  const WaitPlan plan = plan_wait({.respond_async = true, .wait = 10s}, 0ms);
  EXPECT_FALSE(plan.at_once);
  EXPECT_EQ(plan.limit, 10s);
  EXPECT_EQ(plan.applied, "wait=10");
  EXPECT_EQ(plan.applied_late, "respond-async, wait=10");
}

}  // namespace
}  // namespace shunt::api
