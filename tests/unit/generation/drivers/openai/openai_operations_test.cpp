// What is asked of a server beside chat.
#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::OpenAiTest;
using Operation = OpenAiOperation;

class OpenAiOperationsTest : public OpenAiTest {
 protected:
  void given(Operation operation, const std::string& mode,
             const std::function<void(OpenAiOptions&)>& adjust = {}) {
    given_model(mode, [&](OpenAiOptions& options) {
      options.operation = operation;
      if (adjust) adjust(options);
    });
  }
  GenerationRecord run_with(JsonObject input, std::size_t model = 0) {
    GenerationRequest request;
    request.input = std::move(input);
    return run(model, std::move(request));
  }
  [[nodiscard]] Json request_of(const std::string& mode) {
    return seen(mode).at("requests").as_array().at(0);
  }
};

TEST_F(OpenAiOperationsTest, CompletionsStreamTheirText) {
  given(Operation::kCompletions, "completions");
  const auto record = run_with({{"prompt", "Tell"}, {"max_tokens", 5}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(record.text, "Once upon");
  EXPECT_EQ(record.result.at("finish_reason"), "stop");
  const Json request = request_of("completions");
  EXPECT_EQ(request.at("target"), "/v1/completions");
  EXPECT_EQ(
      to_json_text(request.at("body")),
      R"({"model":"completions","prompt":"Tell","max_tokens":5,"stream":true,"stream_options":{"include_usage":true}})");
}

TEST_F(OpenAiOperationsTest, EmbeddingsAreTheResult) {
  given(Operation::kEmbeddings, "embeddings");
  const auto record = run_with({{"input", {"a", "b"}}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  EXPECT_EQ(record.result.at("data").as_array().size(), 2U);
  EXPECT_EQ(to_json_text(record.result.at("data").at(1)),
            R"({"object":"embedding","index":1,"embedding":[0.25,0.25,0.25]})");
  EXPECT_EQ(request_of("embeddings").at("target"), "/v1/embeddings");
  EXPECT_FALSE(request_of("embeddings").at("body").as_object().contains("stream"));
}

TEST_F(OpenAiOperationsTest, SpeechIsAnArtifact) {
  given(Operation::kSpeech, "speech?bytes=300000");
  const auto record = run_with({{"input", "Hello"}, {"voice", "alloy"}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  ASSERT_EQ(record.artifacts.size(), 1U);
  EXPECT_EQ(record.artifacts[0].name, "speech.mp3");
  EXPECT_EQ(record.artifacts[0].media_type, "audio/mpeg");
  EXPECT_EQ(record.artifacts[0].size(), 300000U);
  EXPECT_EQ(to_json_text(record.result),
            R"({"artifact":"speech.mp3","media_type":"audio/mpeg","bytes":300000})");
  EXPECT_EQ(request_of("speech?bytes=300000").at("target"), "/v1/audio/speech");
}

TEST_F(OpenAiOperationsTest, ImagesAreArtifacts) {
  given(Operation::kImages, "images");
  const auto record = run_with({{"prompt", "a cat"}, {"n", 2}});
  ASSERT_EQ(record.state, GenerationState::kSucceeded) << record.error->message;
  ASSERT_EQ(record.artifacts.size(), 2U);
  EXPECT_EQ(record.artifacts[1].name, "image-2.png");
  EXPECT_EQ(record.artifacts[1].media_type, "image/png");
  EXPECT_EQ(record.artifacts[1].size(), 108U);
  EXPECT_EQ(to_json_text(record.result.at("data").at(0)),
            R"({"revised_prompt":"a cat","artifact":"image-1.png"})");
  EXPECT_EQ(request_of("images").at("body").at("response_format"), "b64_json");
}

TEST_F(OpenAiOperationsTest, ImagesAreNotAskedForAsBase64WhereThatIsRefused) {
  given(Operation::kImages, "images", [](OpenAiOptions& options) { options.ask_for_base64 = false; });
  EXPECT_EQ(run_with({{"prompt", "a cat"}}).state, GenerationState::kSucceeded);
  EXPECT_FALSE(request_of("images").at("body").as_object().contains("response_format"));
}

TEST_F(OpenAiOperationsTest, BadAnswersFailWithTheirReason) {
  struct Case {
    Operation operation;
    std::string mode;
    ErrorCode code;
    std::string word;
  };
  const std::vector<Case> cases = {
      {Operation::kEmbeddings, "html", error_code::kUpstreamBroken, "JSON"},
      {Operation::kEmbeddings, "error_json", error_code::kUpstreamFailed, "engine is gone"},
      {Operation::kEmbeddings, "ok", error_code::kUpstreamBroken, "JSON"},
      {Operation::kEmbeddings, "body?text={}", error_code::kUpstreamBroken, "no list of embeddings"},
      {Operation::kEmbeddings, "body?text=[]", error_code::kUpstreamBroken, "no object"},
      {Operation::kEmbeddings, "body?text={\"data\":[{\"embedding\":[1,\"x\"]}]}",
       error_code::kUpstreamBroken, "no list of embeddings"},
      {Operation::kEmbeddings, "body?text={\"data\":[{\"embedding\":[1e999]}]}", error_code::kUpstreamBroken,
       "JSON"},
      {Operation::kEmbeddings, "half", error_code::kUpstreamBroken, "ended before it was complete"},
      {Operation::kEmbeddings, "invalid", error_code::kUpstreamRejected, "400"},
      {Operation::kSpeech, "html", error_code::kUpstreamBroken, "text/html"},
      {Operation::kSpeech, "error_json", error_code::kUpstreamFailed, "engine is gone"},
      {Operation::kSpeech, "json", error_code::kUpstreamBroken, "application/json"},
      {Operation::kSpeech, "speech?bytes=0", error_code::kUpstreamBroken, "no audio"},
      {Operation::kSpeech, "speech?cut=1", error_code::kUpstreamBroken, "ended before it was complete"},
      {Operation::kSpeech, "speech?bytes=70000", error_code::kOutputTooLarge, "max_response_bytes"},
      {Operation::kImages, "images?how=url", error_code::kUpstreamBroken, "not fetched"},
      {Operation::kImages, "images?how=neither", error_code::kUpstreamBroken, "without b64_json"},
      {Operation::kImages, "images?how=bad_b64", error_code::kUpstreamBroken, "no base64"},
      {Operation::kImages, "body?text={\"data\":[]}", error_code::kUpstreamBroken, "no images"},
      {Operation::kImages, "reset_mid", error_code::kUpstreamBroken, "ended before it was complete"},
      {Operation::kCompletions, "html", error_code::kUpstreamBroken, "text/html"},
      {Operation::kCompletions, "half", error_code::kUpstreamBroken, "ended before it was complete"},
  };
  for (const Case& c : cases) {
    given(c.operation, c.mode, [](OpenAiOptions& options) { options.max_response_bytes = 65536; });
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    const std::string member =
        c.operation == Operation::kImages || c.operation == Operation::kCompletions ? "prompt" : "input";
    const auto record = run_with({{member, "x"}}, i);
    ASSERT_EQ(record.state, GenerationState::kFailed) << c.mode;
    EXPECT_EQ(record.error->code, c.code) << c.mode << ": " << record.error->message;
    EXPECT_THAT(record.error->message, HasSubstr(c.word)) << c.mode;
    EXPECT_TRUE(record.artifacts.empty()) << c.mode;
  }
}

TEST_F(OpenAiOperationsTest, OtherServersAreAskedBeforeAnythingIsThere) {
  OpenAiUpstream bad;
  bad.base_url = base_url();
  bad.model = "speech?cut=1";
  bad.name = "bad";
  OpenAiUpstream good = bad;
  good.model = "speech";
  good.name = "good";
  good.weight = 0;
  given(Operation::kSpeech, "", [&](OpenAiOptions& options) {
    options.base_url.clear();
    options.upstreams = {bad, good};
  });
  EXPECT_EQ(run_with({{"input", "Hello"}}).state, GenerationState::kSucceeded);
}

TEST_F(OpenAiOperationsTest, WhatDoesNotFitTheMemoryFails) {
  memory_ = std::make_unique<MemoryBudget>(std::size_t{256} * 1024);
  given(Operation::kSpeech, "speech?bytes=3000000");
  given(Operation::kEmbeddings, "embeddings?dimensions=20000");
  EXPECT_EQ(run_with({{"input", "x"}}, 0).error->code, error_code::kOverloaded);
  EXPECT_EQ(run_with({{"input", "x"}}, 1).error->code, error_code::kOverloaded);
}

TEST(OpenAiOperations, RefuseInputsByTheirMember) {
  struct Case {
    Operation operation;
    Json input;
    std::string field;
  };
  const JsonObject prompt{{"prompt", "x"}};
  const JsonObject text{{"input", "x"}};
  const auto with = [](JsonObject base, std::string_view key, Json value) {
    base[key] = std::move(value);
    return base;
  };
  for (const Case& c :
       {Case{Operation::kCompletions, "x", "/input"},
        Case{Operation::kCompletions, JsonObject{}, "/input/prompt"},
        Case{Operation::kCompletions, JsonObject{{"prompt", {"a", "b"}}}, "/input/prompt"},
        Case{Operation::kCompletions, with(prompt, "n", 2), "/input/n"},
        Case{Operation::kCompletions, with(prompt, "best_of", 2), "/input/best_of"},
        Case{Operation::kCompletions, with(prompt, "stream", true), "/input/stream"},
        Case{Operation::kEmbeddings, JsonObject{}, "/input/input"},
        Case{Operation::kEmbeddings, JsonObject{{"input", ""}}, "/input/input"},
        Case{Operation::kEmbeddings, JsonObject{{"input", JsonArray{}}}, "/input/input"},
        Case{Operation::kEmbeddings, with(text, "model", "m"), "/input/model"},
        Case{Operation::kSpeech, JsonObject{{"input", 5}}, "/input/input"},
        Case{Operation::kSpeech, with(text, "stream_format", "sse"), "/input/stream_format"},
        Case{Operation::kImages, JsonObject{}, "/input/prompt"},
        Case{Operation::kImages, with(prompt, "stream", true), "/input/stream"},
        Case{Operation::kImages, with(prompt, "response_format", "url"), "/input/response_format"}}) {
    OpenAiOptions options;
    options.base_url = "http://127.0.0.1:8000/v1";
    options.model = "tiny";
    options.operation = c.operation;
    const auto checked = make_openai_generator(options).value()->check_input(c.input);
    ASSERT_FALSE(checked.ok()) << to_json_text(c.input);
    EXPECT_EQ(checked.error().code, error_code::kInvalidInput);
    EXPECT_EQ(checked.error().details.at("field").as_string(), c.field);
  }
}

}  // namespace
}  // namespace shunt::generation
