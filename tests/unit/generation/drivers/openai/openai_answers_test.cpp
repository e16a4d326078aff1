#include "openai_fixture.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::OpenAiTest;

constexpr std::string_view kTenWords = "Trains roll down the hump – één für 日本 ☕";

TEST_F(OpenAiTest, StreamsTheTextAndEndsWithReasonModelAndUsage) {
  const auto record = run_once("ok?tokens=10");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, kTenWords);
  EXPECT_EQ(record.result, parse_json(R"({"finish_reason":"stop","model":"tiny-1",
      "usage":{"prompt_tokens":9,"completion_tokens":10,"total_tokens":19}})")
                               .value());
}

TEST_F(OpenAiTest, PassesEachPieceOnAsItComes) {
  given_model("ok?tokens=10&gap_ms=5");
  const auto events = client().events(start());
  EXPECT_GT(testing::count_deltas(events), 2U);
  EXPECT_EQ(events.back().type(), "succeeded");
}

TEST_F(OpenAiTest, SendsTheUpstreamsModelTheParametersAndTheTraceContext) {
  given_model("ok");
  GenerationRequest request;
  request.input =
      parse_json(R"({"messages":[{"role":"user","content":"Hi"}],"temperature":0,"seed":7})").value();
  request.context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  request.context.tracestate = "vendor=x";
  EXPECT_EQ(run(0, request).state, GenerationState::kSucceeded);
  const Json sent = seen("ok").at("requests").at(0);
  EXPECT_EQ(sent.at("body"),
            parse_json(R"({"model":"ok","messages":[{"role":"user","content":"Hi"}],"temperature":0,
      "seed":7,"stream":true,"stream_options":{"include_usage":true}})")
                .value());
  EXPECT_EQ(sent.at("headers").at("traceparent"), boost::json::string(request.context.traceparent));
  EXPECT_EQ(sent.at("headers").at("tracestate"), "vendor=x");
  EXPECT_EQ(sent.at("headers").at("content-type"), "application/json");
  EXPECT_FALSE(sent.at("headers").as_object().contains("authorization"));
  EXPECT_FALSE(sent.at("headers").as_object().contains("expect"));
}

TEST_F(OpenAiTest, ReadsAStreamThatDripsByteByByte) {
  const auto record = run_once("drip");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "Trains roll down the");
}

TEST_F(OpenAiTest, TakesAWholeJsonAnswerFromAServerThatDoesNotStream) {
  const auto record = run_once("json");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, kTenWords);
  EXPECT_EQ(record.result.at("finish_reason"), "length");
}

TEST_F(OpenAiTest, PutsToolCallsTogether) {
  const auto record = run_once("tool_calls");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "");
  EXPECT_EQ(record.result.at("finish_reason"), "tool_calls");
  EXPECT_EQ(record.result.at("message"), parse_json(R"({"tool_calls":[
      {"index":0,"id":"call_a","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Utrecht\"}"}},
      {"index":1,"id":"call_b","type":"function","function":{"name":"time","arguments":"{}"}}]})")
                                             .value());
  ASSERT_NE(record.parts, nullptr);
  ASSERT_EQ(record.parts->tool_calls.size(), 2U);
  EXPECT_EQ(record.parts->tool_calls[0].arguments, R"({"city":"Utrecht"})");
  EXPECT_EQ(record.parts->tool_calls[1].name, "time");
}

TEST_F(OpenAiTest, IsContentWithAFinishReasonWithoutDone) {
  EXPECT_EQ(run_once("finish_only").state, GenerationState::kSucceeded);
}

TEST_F(OpenAiTest, DoesNotWaitForAResponseThatNeverEndsAfterDone) {
  const auto record = run_once("done_then_hang");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "Trains roll down");
  EXPECT_TRUE(testing::eventually([&] { return seen("done_then_hang").at("closed") == 1; }));
}

TEST_F(OpenAiTest, SendsTheKeyFromTheEnvironment) {
  setenv("SHUNT_TEST_OPENAI_KEY", "sk-from-env", 1);
  const auto record = run_once("ok", [](OpenAiOptions& o) { o.api_key_env = "SHUNT_TEST_OPENAI_KEY"; });
  unsetenv("SHUNT_TEST_OPENAI_KEY");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(seen("ok").at("requests").at(0).at("headers").at("authorization"), "Bearer sk-from-env");
}

TEST_F(OpenAiTest, IgnoresTheEnvironmentsProxies) {
  setenv("http_proxy", "http://127.0.0.1:9", 1);
  setenv("all_proxy", "http://127.0.0.1:9", 1);
  const auto record = run_once("ok");
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
}

TEST_F(OpenAiTest, GoesThroughAConfiguredProxy) {
  const std::string proxy = "http://127.0.0.1:" + std::to_string(server_.port());
  const auto record = run_once("ok", [&](OpenAiOptions& o) {
    o.base_url = "http://upstream.invalid/v1";
    o.proxy = proxy;
  });
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(seen("ok").at("requests").at(0).at("target"), "http://upstream.invalid/v1/chat/completions");
}

TEST_F(OpenAiTest, LooksANameUpBeforeItConnects) {
  // In capitals it is looked up as any other name is.
  const auto record = run_once("ok", [&](OpenAiOptions& o) {
    o.base_url = "http://LOCALHOST:" + std::to_string(server_.port()) + "/v1";
  });
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
}

TEST_F(OpenAiTest, RefusesAWrongInputBeforeAnythingIsSent) {
  given_model("ok");
  GenerationRequest request;
  request.model = "m0";
  request.input = JsonObject{{"prompt", "a"}, {"n", 3}};
  const auto outcome = client().submit(request);
  const auto* refused = std::get_if<executor::Refused>(&outcome);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->error.details.at("field"), "/input/n");
  EXPECT_EQ(calls(), 0);
}

}  // namespace
}  // namespace shunt::generation
