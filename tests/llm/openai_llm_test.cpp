#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/child_server.hpp"
#include "support/executor_client.hpp"

namespace shunt::base {}
namespace shunt::generation {}
namespace shunt {
using namespace base;
using namespace generation;

namespace {

using namespace std::chrono_literals;

constexpr const char* kKey = "sk-a-key-for-the-test";

// The openai driver in front of a real llama.cpp server with SmolLM2-135M.
class OpenAiWithLlm : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("LLAMA_SERVER_KEY", kKey, 1);
    setenv("SHUNT_TEST_LLM_KEY", kKey, 1);
    setenv("SHUNT_TEST_WRONG_KEY", "sk-wrong", 1);
    server.emplace(std::vector<std::string>{SHUNT_LLM_PYTHON, SHUNT_LLM_SERVER}, 120s);
  }
  static void TearDownTestSuite() { server.reset(); }

  OpenAiWithLlm() {
    add_model("smollm2", "SHUNT_TEST_LLM_KEY");
    add_model("locked-out", "SHUNT_TEST_WRONG_KEY");
    executor_ = executor::make_sync_executor(models_, *store_);
    client_.use(*executor_);
  }
  ~OpenAiWithLlm() override { client_.drain(0ms); }

  void add_model(const std::string& name, const std::string& key_env) {
    OpenAiOptions options;
    options.base_url = "http://127.0.0.1:" + std::to_string(server->port()) + "/v1";
    options.model = "smollm2";
    options.api_key_env = key_env;
    Model model;
    model.name = name;
    model.generator = std::move(make_openai_generator(std::move(options))).value();
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }

  GenerationId start(std::string_view input, const std::string& model = "smollm2") {
    GenerationRequest request;
    request.model = model;
    request.input = parse_json(input).value();
    return client_.start(std::move(request));
  }
  std::vector<GenerationEvent> events(std::string_view input) { return client_.events(start(input)); }
  GenerationRecord run(std::string_view input, const std::string& model = "smollm2") {
    return client_.wait_for_end(start(input, model));
  }

  static inline std::optional<testing::ChildServer> server;
  EventLoopThreads loops_{1};
  ModelRegistry models_;
  std::unique_ptr<GenerationStore> store_ = make_memory_store(system_clock(), {});
  std::unique_ptr<executor::GenerationExecutor> executor_;
  testing::ExecutorClient client_{loops_};
};

TEST_F(OpenAiWithLlm, StreamsRealTextInManyPieces) {
  const GenerationId id =
      start(R"({"prompt":"Write one sentence about trains.","max_tokens":60,"temperature":0})");
  const auto all = client_.events(id);
  const auto record = client_.record(id);
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_GT(std::ranges::count(all, "delta", &GenerationEvent::type), 3);
  EXPECT_THAT(record.text, ::testing::ContainsRegex("[Tt]rain")) << record.text;
  EXPECT_TRUE(record.result.at("finish_reason") == "stop" || record.result.at("finish_reason") == "length");
  RecordProperty("text", record.text);
}

TEST_F(OpenAiWithLlm, SaysTheSameTwiceAtTemperatureZeroWithASeed) {
  constexpr std::string_view kInput =
      R"({"messages":[{"role":"system","content":"You are brief."},{"role":"user","content":"Name three colours."}],
          "max_tokens":24,"temperature":0,"seed":7})";
  const auto one = run(kInput);
  const auto two = run(kInput);
  ASSERT_EQ(one.state, GenerationState::kSucceeded) << one.error->message;
  EXPECT_FALSE(one.text.empty());
  EXPECT_EQ(one.text, two.text);
}

TEST_F(OpenAiWithLlm, PassesTheTokenLimitOn) {
  const auto record = run(R"({"prompt":"Count from one to a hundred.","max_tokens":5})");
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(record.result.at("finish_reason"), "length");
}

TEST_F(OpenAiWithLlm, CancelsInMidStreamAndTheServerIsFreeAgain) {
  const GenerationId id =
      start(R"({"prompt":"Tell me a very long story about a shunting yard.","max_tokens":1500})");
  ASSERT_TRUE(testing::eventually([&] { return !client_.record(id).text.empty(); }, 60s));
  ASSERT_TRUE(client_.cancel(id, "heard enough").ok());
  const auto record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kCancelled);
  EXPECT_FALSE(record.text.empty());
  EXPECT_EQ(run(R"({"prompt":"Hello","max_tokens":3})").state, GenerationState::kSucceeded);
}

TEST_F(OpenAiWithLlm, KeepsWhatTheServerSaysOfAWrongParameter) {
  const auto record = run(R"({"prompt":"Hello","temperature":"warm"})");
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kUpstreamRejected);
  EXPECT_EQ(record.error->details.at("status"), 400);
  EXPECT_THAT(std::string(record.error->details.at("body_excerpt").as_string()),
              ::testing::HasSubstr("temperature"));
}

TEST_F(OpenAiWithLlm, ReportsAWrongKey) {
  const auto record = run(R"({"prompt":"Hello"})", "locked-out");
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kUpstreamRejected);
  EXPECT_EQ(record.error->details.at("status"), 401);
}

}  // namespace
}  // namespace shunt
