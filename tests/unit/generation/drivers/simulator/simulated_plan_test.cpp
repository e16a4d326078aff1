#include "drivers/simulator/simulated_plan.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::simulator {
namespace {

Result<Plan> plan(std::string_view input, const SimulatorOptions& options = {}) {
  return plan_for(*parse_json(input), options);
}

TEST(SimulatedPlan, TakesTheInputsMembersOverTheOptions) {
  const auto made = plan(
      R"({"prompt":"x","seed":7,"tokens":3,"first_token_ms":5,"token_gap_ms":6,"result_bytes":8,"failure_rate":0})",
      {.failure_rate = 1});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->seed, 7U);
  EXPECT_EQ(made->tokens, 3U);
  EXPECT_EQ(made->first_token, std::chrono::milliseconds(5));
  EXPECT_EQ(made->token_gap, std::chrono::milliseconds(6));
  EXPECT_EQ(made->result_bytes, 8U);
  EXPECT_FALSE(made->fail_after.has_value());
}

TEST(SimulatedPlan, NamesTheMemberTheLimitAndWhatCame) {
  const std::pair<const char*, const char*> table[] = {
      {R"({})", "/input/prompt"},
      {R"({"prompt":5})", "/input/prompt"},
      {R"({"prompt":"","tokens":-1})", "/input/tokens"},
      {R"({"prompt":"","tokens":1000000})", "/input/tokens"},
      {R"({"prompt":"","tokens":"3"})", "/input/tokens"},
      {R"({"prompt":"","seed":1.5})", "/input/seed"},
      {R"({"prompt":"","failure_rate":1.5})", "/input/failure_rate"},
      {R"({"prompt":"","result_bytes":999999999999})", "/input/result_bytes"},
      {R"([])", "/input"},
  };
  for (const auto& [input, field] : table) {
    const auto made = plan(input);
    ASSERT_FALSE(made.ok()) << input;
    EXPECT_EQ(made.error().code, error_code::kInvalidInput);
    EXPECT_EQ(made.error().details.at("field"), boost::json::string_view(field)) << input;
  }
}

TEST(SimulatedPlan, FailsTheShareThatWasAskedForAndAlwaysTheSameSeeds) {
  int failed = 0;
  for (int seed = 0; seed < 2'000; ++seed) {
    const std::string input = R"({"prompt":"","failure_rate":0.25,"seed":)" + std::to_string(seed) + "}";
    const auto one = plan(input);
    failed += one->fail_after.has_value() ? 1 : 0;
    EXPECT_EQ(one->fail_after, plan(input)->fail_after);
    EXPECT_LE(one->fail_after.value_or(0), one->tokens);
  }
  EXPECT_NEAR(failed, 500, 80);
}

TEST(SimulatedPlan, TimesVaryWithinTheSpreadAroundTheirMean) {
  Random random(1);
  double sum = 0;
  for (int i = 0; i < 1'000; ++i) {
    const auto time = vary(std::chrono::microseconds(1'000), 0.2, random);
    EXPECT_GE(time.count(), 800);
    EXPECT_LE(time.count(), 1'200);
    sum += static_cast<double>(time.count());
  }
  EXPECT_NEAR(sum / 1'000, 1'000, 20);
  EXPECT_EQ(vary(std::chrono::microseconds(0), 0.2, random).count(), 0);
}

TEST(SimulatedPlan, NoiseHasItsSizeAndDoesNotRepeat) {
  Random random(1);
  const std::string bytes = noise(1'001, random);
  EXPECT_EQ(bytes.size(), 1'001U);
  EXPECT_NE(bytes.substr(0, 8), bytes.substr(8, 8));
}

}  // namespace
}  // namespace shunt::generation::simulator
