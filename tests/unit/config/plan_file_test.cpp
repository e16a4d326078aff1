#include "shunt/config/plan_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt::config {
namespace {

using ::testing::HasSubstr;

TEST(PlanFile, ThatIsEmptyIsTheBuiltInPlan) {
  EXPECT_EQ(read_plan("", "plan.toml").value(), flip::default_plan());
}

TEST(PlanFile, ThatIsShippedIsTheBuiltInPlanWrittenOut) {
  const auto shipped = load_plan(std::string(SHUNT_SOURCE_DIR) + "/config/flip-plan.toml");
  ASSERT_TRUE(shipped.ok()) << shipped.error().message;
  EXPECT_EQ(*shipped, flip::default_plan());
}

TEST(PlanFile, SetsWhatItNames) {
  const auto plan = read_plan(R"(
name = "quick"
tick = "5s"
deny = ["großkunde"]
[shadow]
enabled = false
[guards]
full = "abort"
[[steps]]
weight = "10%"
least_time = "1m"
least_jobs = 20
judge = ["errors"]
[[steps]]
weight = "50%"
judge = ["errors", "latency"]
)",
                              "plan.toml");
  ASSERT_TRUE(plan.ok()) << plan.error().message;
  EXPECT_EQ(plan->name, "quick");
  EXPECT_EQ(plan->tick, std::chrono::seconds(5));
  EXPECT_FALSE(plan->shadow.enabled);
  EXPECT_EQ(plan->guards.full, flip::FullGuard::kAbort);
  ASSERT_EQ(plan->steps.size(), 2U);
  EXPECT_EQ(plan->steps[0],
            (flip::PlanStep{flip::Weight::percent(10), std::chrono::minutes(1), 20, true, false}));
  EXPECT_TRUE(plan->steps[1].judge_latency);
  EXPECT_EQ(plan->deny, (std::vector<std::string>{"großkunde"}));
}

struct Mistake {
  std::string_view text;
  std::string_view words;
};

class PlanFileMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(PlanFileMistake, IsToldWithItsLine) {
  const auto plan = read_plan(GetParam().text, "plan.toml");
  ASSERT_FALSE(plan.ok());
  EXPECT_THAT(plan.error().message, HasSubstr(std::string(GetParam().words)));
}

INSTANTIATE_TEST_SUITE_P(
    , PlanFileMistake,
    ::testing::Values(Mistake{"tick = \n", "plan.toml:1: this is not valid TOML"},
                      Mistake{"\ntock = \"1m\"\n", "plan.toml:2: plan: /tock: expected no such member"},
                      Mistake{"\n[thresholds]\nz_failed = nan\n", "plan.toml:3: plan: /thresholds/z_failed"},
                      Mistake{
                          "[[steps]]\nweight = \"5%\"\n[[steps]]\nweight = \"5%\"\n",
                          "plan.toml:4: plan: /steps/1/weight: expected a weight above the one before (5%)"},
                      Mistake{"[[steps]]\nleast_jobs = 5\n", "/steps/0/weight is required"},
                      Mistake{"tick = 1979-05-27\n", "plan.toml:1: plan: /tick"}));

TEST(PlanFile, ThatIsNotThereIsToldByItsName) {
  EXPECT_THAT(load_plan("/nowhere/plan.toml").error().message, HasSubstr("cannot read /nowhere/plan.toml"));
}

}  // namespace
}  // namespace shunt::config
