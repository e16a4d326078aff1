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
  EXPECT_EQ(json::parse(next.options.extra.str()),
            json::parse(R"({"repeatJobKey":"tick","repeat":{"every":100,"limit":3,"count":2}})"));
}

TEST(NextIteration, EndsAtTheLimitAndAtTheEndDate) {
  for (const char* repeat :
       {R"({"every":100,"limit":3,"count":3})", R"({"every":100,"endDate":1763999999999})"}) {
    EXPECT_TRUE(std::holds_alternative<NoIteration>(next_iteration(given_iteration(repeat), kNow))) << repeat;
  }
}

TEST(NextIteration, LeavesAPatternToOthers) {
  const Iteration iteration = next_iteration(given_iteration(R"({"pattern":"0 0 * * *"})"), kNow);
  EXPECT_EQ(std::get<PatternIteration>(iteration).scheduler, "tick");
  EXPECT_EQ(std::get<PatternIteration>(iteration).due, 1'763'999'999'000);
}

TEST(NextIteration, TakesTheJobsOwnTimeForAPatternsWithoutOne) {
  for (const char* due : {"", R"("prevMillis":"soon",)", R"("prevMillis":-1,)", R"("prevMillis":1e300,)"}) {
    JobRecord job = given_iteration("{}");
    job.timestamp = kNow;
    job.delay = Milliseconds(500);
    job.options.extra = std::string("{") + due + R"("repeat":{"pattern":"* * * * *"}})";
    EXPECT_EQ(std::get<PatternIteration>(next_iteration(job, kNow)).due, kNow + 500) << due;
  }
}

TEST(NextIteration, EndsAPatternsScheduleAtItsLimit) {
  const Iteration iteration =
      next_iteration(given_iteration(R"({"pattern":"* * * * *","limit":1,"count":1})"), kNow);
  EXPECT_TRUE(std::holds_alternative<NoIteration>(iteration));
}

TEST(NextIteration, KnowsThatNobodyCanContinueOneWithoutAnIntervalOrAPattern) {
  for (const char* repeat : {"{}", R"({"every":0})", R"({"pattern":7})"}) {
    EXPECT_TRUE(std::holds_alternative<UnknownSchedule>(next_iteration(given_iteration(repeat), kNow)))
        << repeat;
  }
}

TEST(PutBackDelay, GrowsWithHowLateTheIterationIs) {
  const std::pair<std::int64_t, std::int64_t> late_and_delay[] = {
      {-5'000, 1'000}, {0, 1'000}, {999, 1'000}, {4'000, 4'000}, {30'001, 30'000}, {9'000'000'000, 30'000}};
  for (const auto& [late, delay] : late_and_delay)
    EXPECT_EQ(put_back_delay(kNow - late, kNow), Milliseconds(delay)) << late;
}

// Native workers only, for an hour: the takes of one iteration.
TEST(PutBackDelay, MakesFewTakesOfAnHour) {
  Timestamp now = kNow;
  int takes = 0;
  for (; now < kNow + 3'600'000; ++takes) now += put_back_delay(kNow, now).count();
  EXPECT_GT(takes, 3'600 / 30);
  EXPECT_LT(takes, 3'600 / 30 + 10);
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
