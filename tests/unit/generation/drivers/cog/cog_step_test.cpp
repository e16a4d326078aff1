#include "drivers/cog/cog_step.hpp"

#include <gtest/gtest.h>

namespace shunt::generation::cog {
namespace {

TEST(CogStep, FollowsTheStatusOfAnAnswer) {
  const std::pair<int, CogStep> kCases[] = {{200, CogStep::kReadAnswer},  {201, CogStep::kReadAnswer},
                                            {202, CogStep::kWaitForSlot}, {406, CogStep::kAskWithoutStream},
                                            {409, CogStep::kWaitForSlot}, {503, CogStep::kAskHealth},
                                            {400, CogStep::kFail},        {404, CogStep::kFail},
                                            {422, CogStep::kFail},        {500, CogStep::kFail},
                                            {302, CogStep::kFail}};
  for (const auto& [status, step] : kCases) EXPECT_EQ(step_after_status(status), step) << status;
}

TEST(CogStep, FollowsTheHealthCheck) {
  struct Case {
    std::string_view body;
    CogHealth health;
    CogStep step;
  };
  for (const Case& c :
       {Case{R"({"status":"STARTING"})", CogHealth::kStarting, CogStep::kWaitForSetup},
        Case{R"({"status":"READY"})", CogHealth::kReady, CogStep::kWaitForSetup},
        Case{R"({"status":"BUSY"})", CogHealth::kBusy, CogStep::kWaitForSlot},
        Case{R"({"status":"SETUP_FAILED"})", CogHealth::kSetupFailed, CogStep::kFail},
        Case{R"({"status":"DEFUNCT"})", CogHealth::kDefunct, CogStep::kFail},
        Case{R"({"status":"UNHEALTHY"})", CogHealth::kUnhealthy, CogStep::kFail},
        Case{R"({"status":7})", CogHealth::kUnknown, CogStep::kFail},
        Case{"[]", CogHealth::kUnknown, CogStep::kFail}, Case{"<html>", CogHealth::kUnknown, CogStep::kFail},
        Case{"", CogHealth::kUnknown, CogStep::kFail}}) {
    EXPECT_EQ(read_health(c.body).health, c.health) << c.body;
    EXPECT_EQ(step_after_health(c.health), c.step) << c.body;
  }
}

TEST(CogStep, KeepsTheEndOfWhatTheSetupPrinted) {
  const std::string logs = std::string(5000, 'x') + "the end";
  const HealthReport report = read_health(R"({"status":"SETUP_FAILED","setup":{"logs":")" + logs + R"("}})");
  EXPECT_EQ(report.why.size(), 1024U);
  EXPECT_TRUE(report.why.ends_with("the end"));
  EXPECT_EQ(read_health(R"({"status":"UNHEALTHY","user_healthcheck_error":"no GPU"})").why, "no GPU");
}

}  // namespace
}  // namespace shunt::generation::cog
