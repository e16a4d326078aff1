#include "queue/replicas/unreported_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

const WallTime kNow{std::chrono::milliseconds(1'763'912'587'042)};

SilentGeneration taken() {
  SilentGeneration silent;
  silent.job.exists = true;
  silent.job.processed_on = 1'000;
  silent.job.progress = "0";
  silent.seen_progress = "0";
  return silent;
}

std::vector<std::string> types(const std::vector<GenerationEvent>& events) {
  std::vector<std::string> names;
  for (const GenerationEvent& event : events) names.emplace_back(event.type());
  return names;
}

TEST(SilentJob, ThatWaitsTellsNothing) {
  SilentGeneration silent;
  silent.job.exists = true;
  EXPECT_TRUE(events_of_silent_job(silent, kNow).empty());
}

TEST(SilentJob, ThatAPlainWorkerTookHasStartedWhenItTookIt) {
  const auto events = events_of_silent_job(taken(), kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"started"}));
  EXPECT_EQ(events[0].sequence, 2U);
  EXPECT_EQ(events[0].at, WallTime(std::chrono::milliseconds(1'000)));
}

// Its own `started` is about to come; two of them would be a restart.
TEST(SilentJob, ThatWasTakenJustNowMayBeWithAWorkerOfOurs) {
  const std::int64_t now = kNow.time_since_epoch().count();
  SilentGeneration silent = taken();
  silent.job.processed_on = now - 999;
  EXPECT_TRUE(events_of_silent_job(silent, kNow).empty());
  silent.job.processed_on = now - 1'000;
  EXPECT_EQ(types(events_of_silent_job(silent, kNow)), (std::vector<std::string>{"started"}));
  silent.job.processed_on = now;
  silent.job.progress = "50";
  EXPECT_EQ(types(events_of_silent_job(silent, kNow)), (std::vector<std::string>{"started", "progress"}));
}

struct ProgressCase {
  std::string json;
  std::optional<double> fraction;
  std::string message;
};

class SilentProgress : public ::testing::TestWithParam<ProgressCase> {};

TEST_P(SilentProgress, OfEveryShapeIsUnderstoodOrLeftOut) {
  SilentGeneration silent = taken();
  silent.state = GenerationState::kRunning;
  silent.job.progress = GetParam().json;
  const auto events = events_of_silent_job(silent, kNow);
  if (!GetParam().fraction) {
    EXPECT_TRUE(events.empty());
    return;
  }
  ASSERT_EQ(types(events), (std::vector<std::string>{"progress"}));
  const auto& progress = std::get<event::Progress>(events[0].payload);
  EXPECT_DOUBLE_EQ(progress.fraction, *GetParam().fraction);
  EXPECT_EQ(progress.message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    , SilentProgress,
    ::testing::Values(ProgressCase{"42", 0.42, ""}, ProgressCase{"0.5", 0.5, ""}, ProgressCase{"1", 1, ""},
                      ProgressCase{"250", 1, ""}, ProgressCase{"-3", 0, ""},
                      ProgressCase{R"({"fraction":0.25,"message":"a quarter"})", 0.25, "a quarter"},
                      ProgressCase{R"({"message":"still at it"})", 0, "still at it"},
                      ProgressCase{R"({"step":3})", {}, ""}, ProgressCase{R"("text")", {}, ""},
                      ProgressCase{"{broken", {}, ""}, ProgressCase{"", {}, ""}));

TEST(SilentJob, WhoseProgressWasSeenBeforeTellsItOnce) {
  SilentGeneration silent = taken();
  silent.state = GenerationState::kRunning;
  silent.job.progress = silent.seen_progress = "42";
  EXPECT_TRUE(events_of_silent_job(silent, kNow).empty());
}

TEST(SilentJob, ThatAPlainWorkerCompletedSucceededWithItsReturnValue) {
  SilentGeneration silent = taken();
  silent.job.finished_on = 2'000;
  silent.job.return_value = R"({"answer":42})";
  const auto events = events_of_silent_job(silent, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"started", "succeeded"}));
  EXPECT_EQ(std::get<event::Succeeded>(events[1].payload).result, (Json(JsonObject{{"answer", 42}})));
  EXPECT_EQ(events[1].sequence, 3U);
  EXPECT_EQ(events[1].at, WallTime(std::chrono::milliseconds(2'000)));
}

TEST(SilentJob, WhoseReturnValueIsNoJsonSucceededWithItAsText) {
  SilentGeneration silent = taken();
  silent.state = GenerationState::kRunning;
  silent.job.finished_on = 2'000;
  silent.job.return_value = "not json \xFF";
  const auto events = events_of_silent_job(silent, kNow);
  EXPECT_EQ(std::get<event::Succeeded>(events.at(0).payload).result.as_string(), "not json \xEF\xBF\xBD");
}

struct FailureCase {
  std::string name;
  bool exists;
  std::uint64_t attempt;
  std::uint64_t sequence;
  std::optional<std::string> reason;
  std::string code;
  std::string words;
};

class SilentFailure : public ::testing::TestWithParam<FailureCase> {};

TEST_P(SilentFailure, SaysWhatWasLost) {
  const FailureCase& c = GetParam();
  SilentGeneration silent = taken();
  silent.state = GenerationState::kRunning;
  silent.attempt = c.attempt;
  silent.sequence = c.sequence;
  silent.job.exists = c.exists;
  if (c.exists) silent.job.finished_on = 2'000;
  silent.job.failed_reason = c.reason;
  const auto events = events_of_silent_job(silent, kNow);
  ASSERT_FALSE(events.empty());
  const Error& error = std::get<event::Failed>(events.back().payload).error;
  EXPECT_EQ(error.code, c.code);
  EXPECT_THAT(error.message, ::testing::HasSubstr(c.words));
  EXPECT_EQ(never_queued(silent), c.name == "NeverQueued");
}

INSTANTIATE_TEST_SUITE_P(
    , SilentFailure,
    ::testing::Values(
        FailureCase{"NeverQueued", false, 0, 1, {}, "worker_lost", "never got there, or was removed"},
        FailureCase{"RemovedByHand", false, 1, 5, {}, "worker_lost", "vanished from its queue"},
        FailureCase{"FailedByAPlainWorker", true, 0, 1, "no luck", "generator_failed", "no luck"},
        FailureCase{"StalledPlainWorker", true, 0, 1, "job stalled more than allowable limit", "worker_lost",
                    "job stalled more than allowable limit"},
        FailureCase{"OurWorkerWasLostTooOften", true, 2, 9, "job stalled more than allowable limit",
                    "worker_lost", "was lost"},
        FailureCase{"OurWorkerEndedWithoutAWord", true, 2, 9, {}, "worker_lost", "without an end"}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace shunt::executor
