#include "call_fixture.hpp"
#include "dialects/openai/audio/speech_call.hpp"
#include "dialects/openai/chat/chat_call.hpp"
#include "dialects/openai/completions/completion_call.hpp"
#include "dialects/openai/embeddings/embedding_call.hpp"
#include "dialects/openai/images/image_call.hpp"

namespace shunt::api::dialects::openai {
namespace {

// "server" speaks the API itself and gets all that it knows; "text" gets a text, and knows what it has rules
// for.
class OpenAiCalls : public CallTest {
 protected:
  OpenAiCalls() {
    add_model("server", CallKind::kChat).calls = {{CallKind::kChat, {}},
                                                  {CallKind::kCompletions, {}},
                                                  {CallKind::kEmbeddings, {}},
                                                  {CallKind::kSpeech, {}},
                                                  {CallKind::kImages, {}}};
    Model& text = add_model("text", CallKind::kChat);
    text.calls = {{CallKind::kChat, {{{"prompt", "words"}}}},
                  {CallKind::kCompletions, {{{"prompt", "words"}}}},
                  {CallKind::kSpeech, {{{"input", "words"}, {"voice", "speaker"}}}},
                  {CallKind::kImages, {{{"prompt", "words"}}}}};
    text.produces = {"audio/wav"};
    std::map<std::string, InputRule> rules;
    for (const char* name : {"words", "seed", "speaker"}) rules[name].any = true;
    text.input_rules = *InputRules::compile(std::move(rules));
    add_model("bare", CallKind::kChat, {{"prompt", "words"}});
  }

  struct Case {
    const char* members;   // beside the model
    const char* expected;  // outcome()
  };
  void expect(Make make_call, const std::string& model, std::initializer_list<Case> cases) {
    for (const Case& each : cases) {
      const std::string body = "{\"model\":\"" + model + "\"" + each.members + "}";
      EXPECT_EQ(outcome(make_call, body), each.expected) << body;
    }
  }
};

constexpr const char* kHello = R"(,"messages":[{"role":"user","content":"Hi"}])";

std::string with_hello(std::string members) {
  return kHello + std::move(members);
}

TEST_F(OpenAiCalls, AServerOfTheApiGetsAllOfAChatButWhatWeDealWith) {
  expect(
      make_chat_call, "server",
      {{with_hello(R"(,"temperature":0.25,"tools":[{"type":"function"}],"seed":7,"stop":["x"],"store":true)")
            .c_str(),
        R"({"messages":[{"role":"user","content":"Hi"}],"temperature":0.25,"tools":[{"type":"function"}],"seed":7,"stop":["x"],"store":true})"},
       {with_hello(R"(,"stream":true,"stream_options":{"include_usage":true},"n":1)").c_str(),
        R"({"messages":[{"role":"user","content":"Hi"}]})"},
       {with_hello(R"(,"stream":false,"stream_options":null,"n":null,"unheard_of":1)").c_str(),
        R"({"messages":[{"role":"user","content":"Hi"}],"unheard_of":1})"}});
}

TEST_F(OpenAiCalls, WhatIsNotDoneIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(,"n":2)", "/n"},
      {R"(,"n":"1")", "/n"},
      {R"(,"stream":1)", "/stream"},
      {R"(,"stream_options":{"include_usage":true})", "/stream_options"},
      {R"(,"stream":true,"stream_options":[])", "/stream_options"},
      {R"(,"stream":true,"stream_options":{"include_usage":1})", "/stream_options/include_usage"},
      {R"(,"stream":true,"stream_options":{"include_obfuscation":true})",
       "/stream_options/include_obfuscation"},
      {R"(,"stream":true,"stream_options":{"other":true})", "/stream_options/other"},
  };
  for (const auto& [members, field] : cases) {
    const std::string expected = std::string("invalid_request ") + field;
    expect(make_chat_call, "server", {{with_hello(members).c_str(), expected.c_str()}});
  }
}

TEST_F(OpenAiCalls, AModelIsNamedAndAnswersTheKindOfCall) {
  EXPECT_EQ(outcome(make_chat_call, "{}"), "invalid_request /model");
  EXPECT_EQ(outcome(make_chat_call, R"({"model":7})"), "invalid_request /model");
  EXPECT_EQ(outcome(make_chat_call, R"({"model":"nobody"})"), "unknown_model /model");
  EXPECT_EQ(outcome(make_embedding_call, R"({"model":"text","input":"x"})"), "invalid_request /model");
}

TEST_F(OpenAiCalls, AModelThatTakesATextGetsTheConversationAsOne) {
  expect(
      make_chat_call, "text",
      {{kHello, R"({"words":"Hi"})"},
       {R"(,"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],"seed":1)",
        R"({"seed":1,"words":"ab"})"},
       {R"(,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}])",
        R"({"words":"system: Be brief.\n\nuser: Hi\n\nassistant:"})"},
       {R"(,"messages":[{"role":"assistant","content":null}])", R"({"words":"assistant: \n\nassistant:"})"}});
}

TEST_F(OpenAiCalls, AModelThatTakesATextRefusesWhatItCannotDo) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(,"tools":[{"type":"function"}])", "/tools"},
      {R"(,"functions":[{}])", "/functions"},
      {R"(,"tool_choice":"required")", "/tool_choice"},
      {R"(,"response_format":{"type":"json_object"})", "/response_format"},
      {R"(,"logprobs":true)", "/logprobs"},
      {R"(,"top_logprobs":2)", "/top_logprobs"},
      {R"(,"modalities":["text","audio"])", "/modalities"},
      {R"(,"audio":{"voice":"x"})", "/audio"},
      {R"(,"store":true)", "/store"},
      {R"(,"prediction":{})", "/prediction"},
      {R"(,"web_search_options":{})", "/web_search_options"},
      {R"(,"temperature":0.5)", "/temperature"},
      {R"(,"metadata":7)", "/metadata"},
  };
  for (const auto& [members, field] : cases) {
    const std::string expected = std::string("invalid_request ") + field;
    expect(make_chat_call, "text", {{with_hello(members).c_str(), expected.c_str()}});
  }
  expect(make_chat_call, "text",
         {{R"(,"messages":[])", "invalid_request /messages"},
          {R"(,"messages":"Hi")", "invalid_request /messages"},
          {"", "invalid_request /messages"},
          {R"(,"messages":[7])", "invalid_request /messages/0"},
          {R"(,"messages":[{"content":"x"}])", "invalid_request /messages/0/role"},
          {R"(,"messages":[{"role":"tool","content":"x"}])", "invalid_request /messages/0/role"},
          {R"(,"messages":[{"role":"user","content":7}])", "invalid_request /messages/0/content"},
          {R"(,"messages":[{"role":"user","content":[{"type":"image_url"}]}])",
           "invalid_request /messages/0/content/0"},
          {R"(,"messages":[{"role":"user","content":[{"type":"text"}]}])",
           "invalid_request /messages/0/content/0/text"},
          {R"(,"messages":[{"role":"assistant","tool_calls":[{}]}])",
           "invalid_request /messages/0/tool_calls"}});
}

TEST_F(OpenAiCalls, WhatAsksForNothingIsNoReasonToRefuse) {
  expect(make_chat_call, "text",
         {{with_hello(
               R"(,"tools":[],"tool_choice":"auto","response_format":{"type":"text"},"modalities":["text"],)"
               R"("logprobs":false,"store":false,"parallel_tool_calls":true,"temperature":null)")
               .c_str(),
           "invalid_request /temperature"},
          {with_hello(R"(,"tools":[],"tool_choice":"none","store":null)").c_str(), R"({"words":"Hi"})"}});
  const auto call = make(make_chat_call, R"({"model":"text","metadata":{"a":"b"})" + with_hello("}"));
  ASSERT_TRUE(call.ok()) << call.error().message;
  EXPECT_EQ(to_json_text(call->request.options.metadata), R"({"a":"b"})");
}

TEST_F(OpenAiCalls, AModelWithoutRulesTakesWhatComes) {
  expect(make_chat_call, "bare", {{with_hello(R"(,"tokens":3)").c_str(), R"({"tokens":3,"words":"Hi"})"}});
}

TEST_F(OpenAiCalls, ACompletionHasOneText) {
  expect(make_completion_call, "server",
         {{R"(,"prompt":"Once","echo":true)", R"({"echo":true,"prompt":"Once"})"},
          {R"(,"prompt":["Once"])", R"({"prompt":"Once"})"},
          {R"(,"prompt":["a","b"])", "invalid_request /prompt"},
          {R"(,"prompt":[1,2])", "invalid_request /prompt"},
          {R"(,"prompt":[[1]])", "invalid_request /prompt"},
          {"", "invalid_request /prompt"},
          {R"(,"prompt":"x","n":3)", "invalid_request /n"}});
  expect(make_completion_call, "text",
         {{R"(,"prompt":"Once","best_of":1,"echo":false,"seed":2)", R"({"seed":2,"words":"Once"})"},
          {R"(,"prompt":"x","echo":true)", "invalid_request /echo"},
          {R"(,"prompt":"x","suffix":"y")", "invalid_request /suffix"},
          {R"(,"prompt":"x","best_of":2)", "invalid_request /best_of"},
          {R"(,"prompt":"x","logprobs":1)", "invalid_request /logprobs"},
          {R"(,"prompt":"x","max_tokens":1)", "invalid_request /max_tokens"}});
}

TEST_F(OpenAiCalls, EmbeddingsComeInOneOfTwoForms) {
  expect(
      make_embedding_call, "server",
      {{R"(,"input":["a"],"encoding_format":"base64","dimensions":3)", R"({"input":["a"],"dimensions":3})"},
       {R"(,"input":"a","encoding_format":"float")", R"({"input":"a"})"},
       {R"(,"input":"a","encoding_format":"int8")", "invalid_request /encoding_format"},
       {R"(,"encoding_format":"float")", "invalid_request /input"}});
}

TEST_F(OpenAiCalls, SpeechIsOfTheFormatThatTheModelMakes) {
  expect(make_speech_call, "server",
         {{R"(,"input":"Hi","voice":"alloy","response_format":"opus","speed":2)",
           R"({"input":"Hi","voice":"alloy","response_format":"opus","speed":2})"},
          {R"(,"input":"Hi","stream_format":"sse")", "invalid_request /stream_format"},
          {R"(,"input":"")", "invalid_request /input"},
          {R"(,"input":7)", "invalid_request /input"}});
  expect(make_speech_call, "text",
         {{R"(,"input":"Hi","voice":"en","response_format":"wav","speed":1.0)",
           R"({"words":"Hi","speaker":"en"})"},
          {R"(,"input":"Hi","response_format":"mp3")", "invalid_request /response_format"},
          {R"(,"input":"Hi","response_format":"none")", "invalid_request /response_format"},
          {R"(,"input":"Hi","speed":2)", "invalid_request /speed"},
          {R"(,"input":"Hi","instructions":"sadly")", "invalid_request /instructions"}});
}

TEST_F(OpenAiCalls, ImagesComeAsTheyAre) {
  expect(make_image_call, "server",
         {{R"(,"prompt":"a","response_format":"b64_json","n":2,"size":"64x64")",
           R"({"prompt":"a","n":2,"size":"64x64"})"},
          {R"(,"prompt":"a","response_format":"url")", "invalid_request /response_format"},
          {R"(,"prompt":"a","stream":true)", "invalid_request /stream"},
          {R"(,"prompt":"a","partial_images":1)", "invalid_request /partial_images"},
          {R"(,"prompt":"")", "invalid_request /prompt"}});
  expect(make_image_call, "text",
         {{R"(,"prompt":"a","n":1)", R"({"words":"a"})"},
          {R"(,"prompt":"a","n":2)", "invalid_request /n"},
          {R"(,"prompt":"a","size":"64x64")", "invalid_request /size"}});
}

const std::string kPart = R"({"type":"file","file":{"file_id":"file-0123456789abcdef0123456789abcdef"}})";

std::string with_parts(const std::string& parts) {
  return R"({"model":"reader","messages":[{"role":"user","content":[{"type":"text","text":"a"},)" + parts +
         "]}]}";
}

TEST_F(OpenAiCalls, AModelThatReadsNoMessagesGetsTheirFilesAsItsOwn) {
  Model& reader = add_model("reader", CallKind::kChat, {{"prompt", "words"}});
  std::map<std::string, InputRule> rules;
  rules["words"].any = true;
  for (const char* name : {"first", "second"}) rules[name].type = InputRule::Type::kFile;
  reader.input_rules = *InputRules::compile(std::move(rules));
  const std::string file = R"({"file":"file-0123456789abcdef0123456789abcdef"})";
  EXPECT_EQ(outcome(make_chat_call, with_parts(kPart)), R"({"first":)" + file + R"(,"words":"a"})");
  EXPECT_EQ(outcome(make_chat_call, with_parts(kPart + "," + kPart)),
            R"({"first":)" + file + R"(,"second":)" + file + R"(,"words":"a"})");
  EXPECT_EQ(outcome(make_chat_call, with_parts(kPart + "," + kPart + "," + kPart)),
            "invalid_request /input/messages/0/content/3/file/file_id");
  EXPECT_EQ(outcome(make_chat_call, with_parts(R"({"type":"file","file":{"file_id":"x"}})")),
            "invalid_input /input/messages/0/content/1/file/file_id");
}

TEST_F(OpenAiCalls, AModelThatTakesNoFilesRefusesThemByTheirPart) {
  for (const std::string_view model : {"server", "text", "bare"}) {
    EXPECT_EQ(outcome(make_chat_call, R"({"model":")" + std::string(model) +
                                          R"(","messages":[{"role":"user","content":[)" + kPart + "]}]}"),
              "invalid_request /input/messages/0/content/0/file/file_id");
  }
}

}  // namespace
}  // namespace shunt::api::dialects::openai
