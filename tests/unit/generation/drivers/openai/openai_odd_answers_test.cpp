// Over real sockets, a representative part of what answer_shapes_test.cpp reads at once.

#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::OpenAiTest;

Json calls_of(const GenerationRecord& record) {
  return record.result.at("message").at("tool_calls");
}

TEST_F(OpenAiTest, KeepsTwoToolCallsWithOneIndexApart) {
  const auto record = run_once("odd?what=one_index");
  ASSERT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(calls_of(record), parse_json(R"([
      {"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Utrecht\"}"}},
      {"index":1,"id":"call_b","type":"function","function":{"name":"time","arguments":"{}"}}])")
                                  .value());
}

TEST_F(OpenAiTest, TakesARepeatedNameOnceAndKeepsTheId) {
  const auto record = run_once("odd?what=repeated_name");
  ASSERT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(calls_of(record), parse_json(R"([{"index":0,"id":"call_a","type":"function",
      "function":{"name":"get_time","arguments":"{\"tz\":\"CET\"}"}}])")
                                  .value());
}

TEST_F(OpenAiTest, GivesTheTextOnceHoweverTheServerPutsIt) {
  const std::vector<std::string> modes = {"odd?what=message_so_far",
                                          "odd?what=parts",
                                          "odd?what=noise",
                                          "odd?what=unread",
                                          "odd?what=noise&type=application/json",
                                          "odd?what=parts&type=text/plain"};
  for (const std::string& mode : modes) given_model(mode);
  for (std::size_t i = 0; i < modes.size(); ++i) {
    const auto record = run(i);
    EXPECT_EQ(record.state, GenerationState::kSucceeded) << modes[i];
    EXPECT_EQ(record.text, "Bluebird") << modes[i];
  }
}

TEST_F(OpenAiTest, TakesAnEmptyFinishReasonForNone) {
  const auto record = run_once("empty_reason");
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kUpstreamBroken);
  EXPECT_EQ(record.text, "Blue");
}

TEST_F(OpenAiTest, FailsWithTheErrorThatAnAnswerReports) {
  given_model("error_object");
  given_model("error_object?code=400");
  const auto failed = run(0);
  ASSERT_EQ(failed.state, GenerationState::kFailed);
  EXPECT_EQ(failed.error->code, error_code::kUpstreamFailed);
  EXPECT_THAT(failed.error->message, HasSubstr("it broke"));
  EXPECT_EQ(failed.text, "Trains");
  const auto rejected = run(1);
  EXPECT_EQ(rejected.error->code, error_code::kUpstreamRejected);
  EXPECT_FALSE(rejected.error->is_retryable());
}

TEST_F(OpenAiTest, TakesNothingBehindTheEndForAFailure) {
  const std::vector<std::string> ways = {"reset", "garbage", "error", "hang"};
  for (const std::string& way : ways) {
    // The idle timeout bounds the wait for a [DONE] that does not come.
    given_model("behind_the_end?how=" + way, [](OpenAiOptions& o) { o.idle_timeout = 1500ms; });
  }
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const auto record = run(i);
    EXPECT_EQ(record.state, GenerationState::kSucceeded) << ways[i];
    EXPECT_EQ(record.text, "Trains roll") << ways[i];
    EXPECT_EQ(record.result.at("finish_reason"), "stop") << ways[i];
  }
}

TEST_F(OpenAiTest, ReadsJsonThatIsLabelledAsEventsAndStandsStill) {
  const auto record = run_once("mislabelled_json", [](OpenAiOptions& o) { o.idle_timeout = 1500ms; });
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "Bluebird");
}

TEST_F(OpenAiTest, WaitsForAModelThatLoadsWithoutUsingUpRetries) {
  given_model("loading?times=3");  // max_retries is 0
  const auto events = client().events(start());
  EXPECT_EQ(events.back().type(), "succeeded");
  EXPECT_EQ(calls(), 4);
  std::vector<std::string> lines;
  for (const auto& event : events) {
    if (const auto* line = std::get_if<event::Log>(&event.payload)) lines.push_back(line->message);
  }
  ASSERT_EQ(lines.size(), 1U) << "one line says it, not one a request";
  EXPECT_THAT(lines[0], HasSubstr("loads its model"));
}

TEST_F(OpenAiTest, DoesNotWaitForAModelBeyondTheDeadlineOrTheSetting) {
  given_model("loading?times=1000&retry_after=30");
  given_model("loading?times=1000", [](OpenAiOptions& o) { o.max_loading_wait = 0ms; });
  GenerationRequest request;
  request.options.timeout = 10s;
  for (const std::size_t model : {0U, 1U}) {
    const auto record = run(model, request);
    ASSERT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kUpstreamFailed);
    EXPECT_THAT(record.error->message, HasSubstr("Loading model"));
    EXPECT_EQ(calls(upstream_names_[model]), 1);
  }
}

TEST_F(OpenAiTest, TriesNoMoreThanItsRetriesWhereItDoesNotWaitForModels) {
  const auto record = run_once("loading?times=1000", [](OpenAiOptions& o) {
    o.max_loading_wait = 0ms;
    o.max_retries = 2;
  });
  EXPECT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(calls(), 3);
}

TEST_F(OpenAiTest, StopsAtOnceWhileAModelLoads) {
  given_model("loading?times=1000&retry_after=20");
  const GenerationId id = start();
  const auto watch = client().watch(id);
  ASSERT_TRUE(testing::eventually([&] {
    return std::ranges::any_of(watch->read(),
                               [](const GenerationEvent& event) { return event.type() == "log"; });
  }));
  ASSERT_TRUE(client().cancel(id, "enough").ok());
  EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kCancelled);
  EXPECT_EQ(calls(), 1);
}

TEST_F(OpenAiTest, SendsConfiguredHeadersAndQueryAndShowsNoneOfTheirSecrets) {
  setenv("SHUNT_TEST_TEAM_KEY", "hunter2hunter2", 1);
  const auto configured = [](OpenAiOptions& o) {
    o.api_key_env = "SHUNT_TEST_TEAM_KEY";
    o.api_key_header = "api-key";
    o.headers = {{"X-Title", "Shunt"}, {"Authorization", "Bearer quoted-secret"}};
    o.query = {{"api-version", "2024-10-21"}};
    o.include_usage = false;
  };
  given_model("ok", configured);
  given_model("unauthorized", configured);
  unsetenv("SHUNT_TEST_TEAM_KEY");
  EXPECT_EQ(run(0).state, GenerationState::kSucceeded);
  const Json sent = seen("ok").at("requests").at(0);
  EXPECT_EQ(sent.at("target"), "/v1/chat/completions?api-version=2024-10-21");
  EXPECT_EQ(sent.at("headers").at("api-key"), "hunter2hunter2");
  EXPECT_EQ(sent.at("headers").at("x-title"), "Shunt");
  EXPECT_FALSE(sent.at("body").as_object().contains("stream_options"));
  const auto refused = run(1);
  ASSERT_EQ(refused.state, GenerationState::kFailed);
  const std::string shown = refused.error->message + to_json_text(refused.error->details);
  EXPECT_THAT(shown, ::testing::Not(HasSubstr("quoted-secret")));
  EXPECT_THAT(shown, HasSubstr("[redacted]"));
}

}  // namespace
}  // namespace shunt::generation
