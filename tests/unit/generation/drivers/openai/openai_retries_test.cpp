#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::OpenAiTest;

void twice(OpenAiOptions& options) {
  options.max_retries = 2;
}

TEST_F(OpenAiTest, TriesAgainAfter429UntilTheAnswerComes) {
  given_model("rate_limited?times=2", twice);
  const auto events = client().events(start());
  EXPECT_EQ(events.back().type(), "succeeded");
  EXPECT_EQ(calls(), 3);
  std::vector<std::string> lines;
  for (const auto& event : events) {
    if (const auto* line = std::get_if<event::Log>(&event.payload))
      lines.push_back(line->level + ": " + line->message);
  }
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], HasSubstr("warn: attempt 1 of 3 failed"));
  EXPECT_THAT(lines[1], HasSubstr("429"));
}

TEST_F(OpenAiTest, GivesUpAfterItsRetriesWithTheUpstreamsWord) {
  const auto record = run_once("rate_limited?times=9", twice);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kUpstreamRateLimited);
  EXPECT_TRUE(record.error->is_retryable());
  EXPECT_EQ(record.error->details.at("attempts"), 3);
  EXPECT_EQ(record.error->details.at("status"), 429);
  EXPECT_EQ(calls(), 3);
}

TEST_F(OpenAiTest, WaitsAsLongAsRetryAfterSays) {
  const auto began = std::chrono::steady_clock::now();
  const auto record = run_once("rate_limited?times=1&retry_after=1", twice);
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 1s);
  EXPECT_EQ(calls(), 2);
}

TEST_F(OpenAiTest, DoesNotAwaitARetryAfterThatIsTooLong) {
  const auto record = run_once("rate_limited?times=1&retry_after=3600", twice);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->details.at("retry_after_ms"), 3'600'000);
  EXPECT_EQ(calls(), 1);
}

TEST_F(OpenAiTest, DoesNotAwaitARetryAfterBeyondTheDeadline) {
  given_model("rate_limited?times=1&retry_after=19", twice);
  GenerationRequest request;
  request.options.timeout = 10s;
  const auto record = run(0, request);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kUpstreamRateLimited);
  EXPECT_EQ(calls(), 1);
}

TEST_F(OpenAiTest, TriesAgainAfterAResetAndAfterAClosedConnection) {
  given_model("reset?times=2", twice);
  EXPECT_EQ(run().state, GenerationState::kSucceeded);
  EXPECT_EQ(calls(), 3);
}

TEST_F(OpenAiTest, SaysThatTheConnectionClosedWithoutAnAnswer) {
  given_model("reset");
  given_model("close");
  for (const std::size_t model : {0U, 1U}) {
    const auto record = run(model);
    ASSERT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kUpstreamBroken) << record.error->message;
    EXPECT_THAT(record.error->message, HasSubstr("without an answer"));
  }
}

TEST_F(OpenAiTest, TriesAgainAfter503ButNotAfter500) {
  given_model("status?code=503&times=1", twice);
  given_model("status?code=500&times=1", twice);
  EXPECT_EQ(run(0).state, GenerationState::kSucceeded);
  EXPECT_EQ(run(1).state, GenerationState::kFailed);
  EXPECT_EQ(calls(upstream_names_[1]), 1);
}

TEST_F(OpenAiTest, StopsAtOnceWhileItWaitsToTryAgain) {
  given_model("rate_limited?times=9&retry_after=15", twice);
  const GenerationId id = start();
  const auto watch = client().watch(id);
  // Its log line says that the wait has begun.
  ASSERT_TRUE(testing::eventually([&] {
    return std::ranges::any_of(watch->read(),
                               [](const GenerationEvent& event) { return event.type() == "log"; });
  }));
  const auto asked = std::chrono::steady_clock::now();
  ASSERT_TRUE(client().cancel(id, "enough").ok());
  EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - asked, 5s);
  EXPECT_EQ(calls(), 1);
}

}  // namespace
}  // namespace shunt::generation
