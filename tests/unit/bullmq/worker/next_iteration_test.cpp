#include "worker/next_iteration.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace bullmq::detail {
namespace {

using nlohmann::json;

constexpr Timestamp kNow = 1'764'000'000'000;

JobRecord given_iteration(const std::string& repeat) {
  JobRecord job;
  job.id = "repeat:tick:1763999999000";
  job.repeat_job_key = "tick";
  job.options.attempts = 3;
  job.options.extra = R"({"prevMillis":1763999999000,"repeatJobKey":"tick","repeat":)" + repeat + "}";
  return job;
}

TEST(NextIteration, CountsTheIterationsOfAnIntervalAndKeepsTheOptions) {
  const Iteration iteration = next_iteration(given_iteration(R"({"every":100,"limit":3,"count":1})"), kNow);
  const auto& next = std::get<NextIteration>(iteration);
  EXPECT_EQ(next.scheduler, "tick");
  EXPECT_EQ(next.options.attempts, 3);
  EXPECT_EQ(next.options.timestamp, kNow);
  EXPECT_EQ(json::parse(next.options.extra),
            json::parse(R"({"repeatJobKey":"tick","repeat":{"every":100,"limit":3,"count":2}})"));
}

TEST(NextIteration, EndsAtTheLimitAndAtTheEndDate) {
  for (const char* repeat :
       {R"({"every":100,"limit":3,"count":3})", R"({"every":100,"endDate":1763999999999})"}) {
    EXPECT_TRUE(std::holds_alternative<NoIteration>(next_iteration(given_iteration(repeat), kNow))) << repeat;
  }
}

TEST(NextIteration, SaysThatItCannotContinueAPattern) {
  const Iteration iteration = next_iteration(given_iteration(R"({"pattern":"0 0 * * *"})"), kNow);
  EXPECT_NE(std::get<UnknownSchedule>(iteration).reason.find("pattern"), std::string::npos);
}

TEST(NextIteration, TellsOldRepeatableKeysFromSchedulers) {
  for (const char* key : {"name:id::tz:* * * * *", "name::1700000000000::5000", "n::::60"}) {
    EXPECT_TRUE(has_legacy_repeatable_shape(key)) << key;
  }
  for (const char* key : {"tick", "a:b:c:d", "a:b:c:d:e", "name:id:soon:tz:5000", "name:id::tz:"}) {
    EXPECT_FALSE(has_legacy_repeatable_shape(key)) << key;
  }
}

}  // namespace
}  // namespace bullmq::detail
