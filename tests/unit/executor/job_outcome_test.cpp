#include "queue/worker/job_outcome.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/message_parts.hpp"

namespace shunt::executor {
namespace {

constexpr std::size_t kInline = 100;

GenerationRecord record(GenerationState state) {
  GenerationRecord made;
  made.state = state;
  made.text = "partial";
  return made;
}

std::string returned(const JobOutcome& outcome) {
  return std::get<JobReturns>(outcome).value;
}
std::string failed(const JobOutcome& outcome) {
  return std::get<JobFails>(outcome).reason;
}

TEST(JobOutcome, OfASuccessIsItsTextAndItsResult) {
  GenerationRecord made = record(GenerationState::kSucceeded);
  EXPECT_EQ(returned(job_outcome(made, kInline)), R"({"text":"partial"})");
  made.result = JsonObject{{"n", 1}};
  EXPECT_EQ(returned(job_outcome(made, kInline)), R"({"text":"partial","result":{"n":1}})");
  EXPECT_EQ(returned(job_outcome(event::Succeeded{}, made, kInline)),
            R"({"text":"partial","result":{"n":1}})");
  MessageParts parts;
  parts.reasoning = "because";
  made.parts = std::make_shared<const MessageParts>(parts);
  EXPECT_EQ(returned(job_outcome(made, kInline)),
            R"({"text":"partial","reasoning":"because","result":{"n":1}})");
  parts.reasoning.assign(101, 'z');
  made.parts = std::make_shared<const MessageParts>(parts);
  EXPECT_EQ(returned(job_outcome(made, kInline)),
            R"({"text":"partial","message_bytes":101,"result":{"n":1}})");
  made.parts.reset();
  made.text.assign(101, 'x');
  made.result = JsonObject{{"long", std::string(101, 'y')}};
  EXPECT_EQ(returned(job_outcome(made, kInline)), R"({"text_bytes":101,"result_bytes":112})");
}

// Boards show a completed job green.
TEST(JobOutcome, OfACancelledGenerationIsAFailureWhateverItHasWritten) {
  GenerationRecord made = record(GenerationState::kCancelled);
  made.cancel_reason = "enough";
  EXPECT_EQ(failed(job_outcome(made, kInline)), "cancelled: enough");
  EXPECT_EQ(failed(job_outcome(event::Cancelled{"the client went away"}, record(GenerationState::kSucceeded),
                               kInline)),
            "cancelled: the client went away");
  EXPECT_EQ(failed(job_outcome(event::Cancelled{}, made, kInline)), "cancelled");
}

TEST(JobOutcome, OfAFailureIsItsCodeAndMessage) {
  GenerationRecord made = record(GenerationState::kFailed);
  made.error = Error{"program_exited", "the program ended with exit code 3"};
  EXPECT_EQ(failed(job_outcome(made, kInline)), "program_exited: the program ended with exit code 3");
  const event::Failed end{{"deadline_exceeded", "too late"}};
  EXPECT_EQ(failed(job_outcome(end, record(GenerationState::kSucceeded), kInline)),
            "deadline_exceeded: too late");
}

TEST(JobOutcome, HasABoundedReasonOfValidText) {
  const std::string reason =
      failed(job_outcome(event::Cancelled{std::string(999, 'x') + "\xc3\xa4" + std::string(5'000, 'y')},
                         record(GenerationState::kCancelled), kInline));
  EXPECT_LT(reason.size(), 1'010U);
  EXPECT_TRUE(reason.ends_with("..."));
}

}  // namespace
}  // namespace shunt::executor
