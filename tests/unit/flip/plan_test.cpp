#include "shunt/flip/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

using std::chrono::hours;

Result<Plan> plan_of(std::string_view text) {
  const auto parsed = parse_json(text);
  return parse_plan(parsed.value().get_object());
}

TEST(Plan, WithoutAnythingIsTheDocumentedRamp) {
  const Plan plan = plan_of("{}").value();
  EXPECT_EQ(plan, default_plan());
  ASSERT_EQ(plan.steps.size(), 5U);
  EXPECT_EQ(plan.steps[0], (PlanStep{Weight::percent(1), hours(1), 100, false, false}));
  EXPECT_EQ(plan.steps[1], (PlanStep{Weight::percent(5), hours(1), 500, true, false}));
  EXPECT_EQ(plan.steps[2], (PlanStep{Weight::percent(10), hours(2), 1'000, true, true}));
  EXPECT_EQ(plan.steps[3], (PlanStep{Weight::percent(25), hours(4), 2'500, true, true}));
  EXPECT_EQ(plan.steps[4], (PlanStep{Weight::percent(50), hours(24), 5'000, true, true}));
}

TEST(Plan, ComesBackFromItsOwnForm) {
  Plan plan = default_plan();
  plan.name = "quick";
  plan.tick = std::chrono::seconds(5);
  plan.shadow.enabled = false;
  plan.steps = {{*Weight::of_hundredths(1'250), std::chrono::minutes(1), 7, true, false}};
  plan.guards.full = FullGuard::kAbort;
  plan.thresholds.z_failed = 4.25;
  plan.allow = {"tenant-1"};
  plan.deny = {"tenant-2", "großkunde"};
  plan.max_in_flight = 10;
  EXPECT_EQ(parse_plan(plan_object(plan)).value(), plan);
}

struct Mistake {
  std::string_view text;
  std::string_view field;
};

class PlanMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(PlanMistake, IsToldWithItsPlace) {
  const auto plan = plan_of(GetParam().text);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.error().code, "invalid_plan");
  EXPECT_EQ(plan.error().details.at("field").as_string(), GetParam().field) << plan.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    , PlanMistake,
    ::testing::Values(Mistake{R"({"stepz":[]})", "/stepz"}, Mistake{R"({"steps":[]})", "/steps"},
                      Mistake{R"({"steps":[1]})", "/steps"}, Mistake{R"({"steps":[{}]})", "/steps/0/weight"},
                      Mistake{R"({"steps":[{"weight":"0%"}]})", "/steps/0/weight"},
                      Mistake{R"({"steps":[{"weight":"100%"}]})", "/steps/0/weight"},
                      Mistake{R"({"steps":[{"weight":"5%"},{"weight":"5%"}]})", "/steps/1/weight"},
                      Mistake{R"({"steps":[{"weight":"5%","least_time":"an hour"}]})", "/steps/0/least_time"},
                      Mistake{R"({"steps":[{"weight":"5%","judge":["luck"]}]})", "/steps/0/judge"},
                      Mistake{R"({"steps":[{"weight":"5%","extra":1}]})", "/steps/0/extra"},
                      Mistake{R"({"tick":"1ms"})", "/tick"}, Mistake{R"({"tick":60})", "/tick"},
                      Mistake{R"({"dark":1})", "/dark"},
                      Mistake{R"({"dark":{"least_probes":-1}})", "/dark/least_probes"},
                      Mistake{R"({"thresholds":{"z_failed":0.5}})", "/thresholds/z_failed"},
                      Mistake{R"({"thresholds":{"z_failed":2}})", "/thresholds/z_inconclusive"},
                      Mistake{R"({"guards":{"full":"stop"}})", "/guards/full"},
                      Mistake{R"({"guards":{"no_data_hold":0}})", "/guards/no_data_hold"},
                      Mistake{R"({"allow":[""]})", "/allow"}, Mistake{R"({"deny":"tenant-1"})", "/deny"},
                      Mistake{"{\"name\":\"a\\u001b[2J\"}", "/name"}));

TEST(Plan, BoundsItsStepsAndLists) {
  JsonArray steps;
  for (std::size_t i = 1; i <= kMaxSteps + 1; ++i) {
    steps.push_back(JsonObject{{"weight", std::to_string(i) + '%'}});
  }
  EXPECT_FALSE(parse_plan({{"steps", steps}}).ok());
  steps.pop_back();
  EXPECT_TRUE(parse_plan({{"steps", steps}}).ok());
  JsonArray names(kMaxListed, Json(std::string(kMaxKeyBytes, 'x')));
  EXPECT_TRUE(parse_plan({{"allow", names}}).ok());
  names.emplace_back("y");
  EXPECT_FALSE(parse_plan({{"allow", names}}).ok());
  EXPECT_FALSE(parse_plan({{"allow", JsonArray{Json(std::string(kMaxKeyBytes + 1, 'x'))}}}).ok());
}

}  // namespace
}  // namespace shunt::flip
