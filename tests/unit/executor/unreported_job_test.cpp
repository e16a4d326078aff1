#include "queue/replicas/unreported_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shunt/generation/message_parts.hpp"

namespace shunt::executor {
namespace {

const WallTime kNow{std::chrono::milliseconds(1'763'912'587'042)};

UnreportedGeneration taken() {
  UnreportedGeneration unreported;
  unreported.job.exists = true;
  unreported.job.processed_on = 1'000;
  unreported.job.progress = "0";
  unreported.seen_progress = "0";
  return unreported;
}

std::vector<std::string> types(const std::vector<GenerationEvent>& events) {
  std::vector<std::string> names;
  for (const GenerationEvent& event : events) names.emplace_back(event.type());
  return names;
}

TEST(UnreportedJob, ThatWaitsTellsNothing) {
  UnreportedGeneration unreported;
  unreported.job.exists = true;
  EXPECT_TRUE(events_of_unreported_job(unreported, kNow).empty());
}

TEST(UnreportedJob, ThatAPlainWorkerTookHasStartedWhenItTookIt) {
  const auto events = events_of_unreported_job(taken(), kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"started"}));
  EXPECT_EQ(events[0].sequence, 2U);
  EXPECT_EQ(events[0].at, WallTime(std::chrono::milliseconds(1'000)));
}

// Its own `started` is about to come; two of them would be a restart.
TEST(UnreportedJob, ThatWasTakenJustNowMayBeWithAWorkerOfOurs) {
  const std::int64_t now = kNow.time_since_epoch().count();
  UnreportedGeneration unreported = taken();
  unreported.job.processed_on = now - 999;
  EXPECT_TRUE(events_of_unreported_job(unreported, kNow).empty());
  unreported.job.processed_on = now - 1'000;
  EXPECT_EQ(types(events_of_unreported_job(unreported, kNow)), (std::vector<std::string>{"started"}));
  unreported.job.processed_on = now;
  unreported.job.progress = "50";
  EXPECT_EQ(types(events_of_unreported_job(unreported, kNow)),
            (std::vector<std::string>{"started", "progress"}));
}

struct ProgressCase {
  std::string json;
  std::optional<double> fraction;
  std::string message;
};

class UnreportedProgress : public ::testing::TestWithParam<ProgressCase> {};

TEST_P(UnreportedProgress, OfEveryShapeIsUnderstoodOrLeftOut) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.job.progress = GetParam().json;
  const auto events = events_of_unreported_job(unreported, kNow);
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
    , UnreportedProgress,
    ::testing::Values(ProgressCase{"42", 0.42, ""}, ProgressCase{"0.5", 0.5, ""}, ProgressCase{"1", 1, ""},
                      ProgressCase{"250", 1, ""}, ProgressCase{"-3", 0, ""},
                      ProgressCase{R"({"fraction":0.25,"message":"a quarter"})", 0.25, "a quarter"},
                      ProgressCase{R"({"message":"still at it"})", 0, "still at it"},
                      ProgressCase{R"({"step":3})", {}, ""}, ProgressCase{R"("text")", {}, ""},
                      ProgressCase{"{broken", {}, ""}, ProgressCase{"", {}, ""}));

TEST(UnreportedJob, WhoseProgressWasSeenBeforeTellsItOnce) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.job.progress = unreported.seen_progress = "42";
  EXPECT_TRUE(events_of_unreported_job(unreported, kNow).empty());
}

TEST(UnreportedJob, ThatAPlainWorkerCompletedSucceededWithItsReturnValue) {
  UnreportedGeneration unreported = taken();
  unreported.job.finished_on = 2'000;
  unreported.job.return_value = R"({"answer":42})";
  const auto events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"started", "succeeded"}));
  EXPECT_EQ(std::get<event::Succeeded>(events[1].payload).result, (Json(JsonObject{{"answer", 42}})));
  EXPECT_EQ(events[1].sequence, 3U);
  EXPECT_EQ(events[1].at, WallTime(std::chrono::milliseconds(2'000)));
}

TEST(UnreportedJob, WhoseReturnValueIsNoJsonSucceededWithItAsText) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.job.finished_on = 2'000;
  unreported.job.return_value = "not json \xFF";
  const auto events = events_of_unreported_job(unreported, kNow);
  EXPECT_EQ(std::get<event::Succeeded>(events.at(0).payload).result.as_string(), "not json \xEF\xBF\xBD");
}

MessageParts parts_in(const GenerationEvent& event) {
  const auto& delta = std::get<event::Delta>(event.payload);
  return delta.parts ? *delta.parts : MessageParts{};
}

std::string text_in(const GenerationEvent& event) {
  return std::get<event::Delta>(event.payload).text;
}

// It reports what there is so far; clients are told what is new.
TEST(UnreportedJob, WhoseProgressHasOutputSaysWhatHasGrown) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.job.progress = R"({"fraction":0.2,"output":{"text":"Once","reasoning":"Let me"}})";
  auto events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"progress", "delta"}));
  EXPECT_EQ(text_in(events[1]), "Once");
  EXPECT_EQ(parts_in(events[1]).reasoning, "Let me");

  unreported.told = std::get<event::Delta>(events[1].payload);
  unreported.seen_progress = unreported.job.progress;
  unreported.job.progress = R"({"output":{"text":"Once upon","tool_calls":[{"index":0,"name":"f"}]}})";
  events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"delta"}));
  EXPECT_EQ(text_in(events[0]), " upon");
  EXPECT_EQ(parts_in(events[0]).tool_calls.at(0).name, "f");

  unreported.told.text = "Once upon";
  unreported.job.finished_on = 2'000;
  unreported.job.return_value = R"({"text":"Once upon a time","reasoning":"Let me see","result":7})";
  events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"delta", "succeeded"}));
  EXPECT_EQ(text_in(events[0]), " a time");
  EXPECT_EQ(parts_in(events[0]).reasoning, " see");
  EXPECT_EQ(std::get<event::Succeeded>(events[1].payload).result, Json(7));
}

TEST(UnreportedJob, WhoseOutputBeginsAnewVoidsWhatWasTold) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.told.text = "Once upon";
  unreported.job.progress = R"({"output":{"text":"There was"}})";
  const auto events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"restarted", "delta"}));
  EXPECT_EQ(text_in(events[1]), "There was");
}

TEST(UnreportedJob, WhoseOutputCannotBeReadHasNone) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  for (const char* output : {"7", R"({"text":7})", R"({"words":"x"})", R"({"tool_calls":[{"index":-1}]})"}) {
    unreported.job.progress = std::string(R"({"fraction":0.5,"output":)") + output + '}';
    EXPECT_EQ(types(events_of_unreported_job(unreported, kNow)), (std::vector<std::string>{"progress"}));
  }
}

TEST(UnreportedJob, ThatReturnsAMessageSaysIt) {
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.job.finished_on = 2'000;
  unreported.job.return_value =
      R"({"text":"","tool_calls":[{"index":0,"id":"a","name":"f","arguments":"{}"}]})";
  auto events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"delta", "succeeded"}));
  EXPECT_EQ(parts_in(events[0]).tool_calls.at(0).arguments, "{}");
  EXPECT_TRUE(std::get<event::Succeeded>(events[1].payload).result.is_null());
  // A member that is none of an output's makes all of it a result.
  unreported.job.return_value = R"({"text":"","tool_calls":7})";
  events = events_of_unreported_job(unreported, kNow);
  ASSERT_EQ(types(events), (std::vector<std::string>{"succeeded"}));
  EXPECT_TRUE(std::get<event::Succeeded>(events[0].payload).result.is_object());
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

class UnreportedFailure : public ::testing::TestWithParam<FailureCase> {};

TEST_P(UnreportedFailure, SaysWhatWasLost) {
  const FailureCase& c = GetParam();
  UnreportedGeneration unreported = taken();
  unreported.state = GenerationState::kRunning;
  unreported.attempt = c.attempt;
  unreported.sequence = c.sequence;
  unreported.job.exists = c.exists;
  if (c.exists) unreported.job.finished_on = 2'000;
  unreported.job.failed_reason = c.reason;
  const auto events = events_of_unreported_job(unreported, kNow);
  ASSERT_FALSE(events.empty());
  const Error& error = std::get<event::Failed>(events.back().payload).error;
  EXPECT_EQ(error.code, c.code);
  EXPECT_THAT(error.message, ::testing::HasSubstr(c.words));
  EXPECT_EQ(never_queued(unreported), c.name == "NeverQueued");
}

INSTANTIATE_TEST_SUITE_P(
    , UnreportedFailure,
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
