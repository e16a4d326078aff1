// What Ollama's clients send, and what they get.
#include "call_fixture.hpp"
#include "dialects/ollama/message_translation.hpp"
#include "dialects/ollama/text_call.hpp"
#include "dialects/ollama/text_rendering.hpp"
#include "representation/decoding_memory.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::api::dialects::ollama {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'800'000'000'000ms};

// "server" speaks OpenAI's API; "text" gets a text and knows what it has rules for; "bare" gets a text.
class OllamaCalls : public CallTest {
 protected:
  OllamaCalls() {
    add_model("server", CallKind::kChat);
    add_model("once", CallKind::kCompletions);
    add_model("bare", CallKind::kChat, {{"prompt", "words"}});
    Model& text = add_model("text", CallKind::kChat, {{"prompt", "words"}});
    std::map<std::string, InputRule> rules;
    for (const char* name : {"words", "seed", "max_tokens"}) rules[name].any = true;
    text.input_rules = *InputRules::compile(std::move(rules));
  }

  void expect(Make make_call, const std::string& model, const std::string& members,
              const std::string& expected) {
    const std::string body = "{\"model\":\"" + model + "\"" + members + "}";
    EXPECT_EQ(outcome(make_call, body), expected) << body;
  }
  void expect_chat(const std::string& model, const std::string& members, const std::string& expected) {
    expect(make_chat_call, model, R"(,"messages":[{"role":"user","content":"Hi"}])" + members, expected);
  }
};

TEST_F(OllamaCalls, AServerGetsWhatItsOwnApiCallsThings) {
  const std::string hi = R"({"messages":[{"role":"user","content":"Hi"}])";
  const std::pair<const char*, const char*> cases[] = {
      {"", "}"},
      {R"(,"keep_alive":-1,"stream":null,"format":"","options":null)", "}"},
      {R"(,"options":{"num_predict":7,"seed":1,"top_k":3})", R"(,"max_tokens":7,"seed":1,"top_k":3})"},
      {R"(,"options":{"num_predict":-1})", "}"},
      {R"(,"format":"json")", R"(,"response_format":{"type":"json_object"}})"},
      {R"(,"format":{"type":"object"})",
       R"(,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}})"},
      {R"(,"think":true)", R"(,"reasoning_effort":"medium"})"},
      {R"(,"think":false)", R"(,"reasoning_effort":"none"})"},
      {R"(,"think":"high")", R"(,"reasoning_effort":"high"})"},
      {R"(,"tools":[{"type":"function"}])", R"(,"tools":[{"type":"function"}]})"},
  };
  for (const auto& [members, expected] : cases) {
    const auto wanted = parse_json(hi + expected);
    const auto call =
        make(make_chat_call,
             R"({"model":"server","messages":[{"role":"user","content":"Hi"}])" + std::string(members) + "}");
    ASSERT_TRUE(call.ok() && wanted.ok()) << members;
    EXPECT_EQ(call->request.input, *wanted) << members;
  }
}

TEST_F(OllamaCalls, WhatIsNotUsableIsRefusedByName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(,"options":[])", "/options"},
      {R"(,"options":{"messages":[]})", "/options/messages"},
      {R"(,"options":{"stream":false})", "/options/stream"},
      {R"(,"options":{"model":"other"})", "/options/model"},
      {R"(,"options":{"prompt":"other"})", "/options/prompt"},
      {R"(,"format":"yaml")", "/format"},
      {R"(,"format":7)", "/format"},
      {R"(,"think":7)", "/think"},
      {R"(,"stream":"yes")", "/stream"},
  };
  for (const auto& [members, field] : cases) {
    expect_chat("server", members, std::string("invalid_request ") + field);
  }
  expect_chat("nobody", "", "unknown_model /model");
}

TEST_F(OllamaCalls, AModelThatTakesATextHasItsOwnRules) {
  expect_chat("text", "", R"({"words":"Hi"})");
  expect_chat("text", R"(,"think":false,"format":"","tools":[])", R"({"words":"Hi"})");
  expect_chat("text", R"(,"options":{"seed":1,"num_predict":7})",
              R"({"seed":1,"max_tokens":7,"words":"Hi"})");
  expect_chat("text", R"(,"options":{"num_ctx":7})", "invalid_request /num_ctx");
  expect_chat("text", R"(,"think":true)", "invalid_request /think");
  expect_chat("text", R"(,"format":"json")", "invalid_request /format");
  expect_chat("bare", R"(,"tools":[{}])", "invalid_request /tools");
  expect(make_generate_call, "text", R"(,"prompt":"Hi","images":["iVBORw=="])",
         "invalid_request /messages/0/content/1");
}

TEST_F(OllamaCalls, StreamsUnlessItIsAskedNotTo) {
  EXPECT_TRUE(make(make_generate_call, R"({"model":"server","prompt":"x"})")->streams);
  EXPECT_FALSE(make(make_generate_call, R"({"model":"server","prompt":"x","stream":false})")->streams);
}

TEST_F(OllamaCalls, AGenerationIsAChatOrACompletion) {
  expect(make_generate_call, "server", R"(,"prompt":"Hi","system":"Be brief.","template":"","context":[])",
         R"({"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"}]})");
  expect(make_generate_call, "once", R"(,"prompt":"Hi","suffix":"end","raw":true)",
         R"({"suffix":"end","prompt":"Hi"})");
  for (const char* name : {"template", "context"}) {
    expect(make_generate_call, "server", R"(,"prompt":"Hi",")" + std::string(name) + R"(":"x")",
           std::string("invalid_request /") + name);
  }
  for (const char* name : {"system", "images", "logprobs"}) {
    expect(make_generate_call, "once", R"(,"prompt":"Hi",")" + std::string(name) + R"(":"x")",
           std::string("invalid_request /") + name);
  }
  expect(make_generate_call, "server", R"(,"prompt":"Hi","raw":true)", "invalid_request /raw");
  expect(make_generate_call, "server", R"(,"prompt":"Hi","suffix":"x")", "invalid_request /suffix");
  expect(make_generate_call, "server", R"(,"prompt":"")", "invalid_request /prompt");
  expect(make_generate_call, "server", R"(,"prompt":7)", "invalid_request /prompt");
  expect(make_generate_call, "server", R"(,"prompt":"x","messages":[])", "invalid_request /messages");
}

std::string translated(std::string_view messages) {
  Json value = *parse_json(messages);
  const auto done = translate_messages(value);
  if (done) return to_json_text(value);
  return std::string(done.error().details.at("field").as_string());
}

TEST(OllamaMessages, AnswersOfToolsFindTheirCalls) {
  const Json seen = *parse_json(translated(
      R"([{"role":"assistant","thinking":"hm","tool_calls":[{"function":{"name":"a","arguments":{"x":1}}},)"
      R"({"function":{"name":"b"}}]},{"role":"tool","tool_name":"b","content":"B"},{"role":"tool","content":"A"}])"));
  EXPECT_EQ(seen.at(0).at("tool_calls").at(0),
            *parse_json(R"({"function":{"name":"a","arguments":"{\"x\":1}"},)"
                        R"("id":"call_0","type":"function"})"));
  EXPECT_EQ(seen.at(0).at("reasoning_content"), "hm");
  EXPECT_EQ(seen.at(1).at("tool_call_id"), "call_1");
  EXPECT_EQ(seen.at(2).at("tool_call_id"), "call_0");
}

TEST(OllamaMessages, ImagesArePartsBehindTheText) {
  EXPECT_EQ(translated(R"([{"role":"user","content":"Look","images":["/9j/aa=="]}])"),
            R"([{"role":"user","content":[{"type":"text","text":"Look"},)"
            R"({"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/aa=="}}]}])");
}

TEST(OllamaMessages, LiesAreRefusedByPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"null", "/messages"},
      {"[]", "/messages"},
      {"{}", "/messages"},
      {"[7]", "/messages/0"},
      {R"([{"images":"x"}])", "/messages/0/images"},
      {R"([{"images":[7]}])", "/messages/0/images"},
      {R"([{"tool_calls":{}}])", "/messages/0/tool_calls"},
      {R"([{"tool_calls":[7]}])", "/messages/0/tool_calls"},
      {R"([{"tool_calls":[{"function":[]}]}])", "/messages/0/tool_calls"},
      {R"([{"role":"tool","content":"x"}])", "/messages/0"},
      {R"([{"role":"tool","tool_name":7}])", "/messages/0/tool_name"},
  };
  for (const auto& [messages, place] : cases) EXPECT_EQ(translated(messages), place) << messages;
}

// Each becomes a part of hundreds of bytes, also where it is empty.
TEST(OllamaMessages, AChatHasSoManyImagesTogether) {
  const auto with = [](std::size_t images) {
    std::string message = R"({"role":"user","images":[)";
    for (std::size_t i = 0; i < images; ++i) message += i == 0 ? R"("")" : R"(,"")";
    return message + "]}";
  };
  EXPECT_NE(translated('[' + with(128) + ',' + with(128) + ']'), "/messages/1/images");
  EXPECT_EQ(translated('[' + with(128) + ',' + with(129) + ']'), "/messages/1/images");
}

// What is reserved is looked at with the smallest objects of which a large form is made.
TEST_F(OllamaCalls, WhatIsMadeOfManySmallValuesIsWithinWhatIsReserved) {
  const std::string_view items[] = {
      R"({"role":"user","images":[""]})",
      R"({"role":"user"})",
      R"({"role":"user","thinking":""})",
      R"({"role":"assistant","tool_calls":[{"function":{}}]})",
  };
  for (const std::string_view item : items) {
    std::string body = R"({"model":"server","messages":[)";
    for (int i = 0; i < 250; ++i) body.append(i == 0 ? "" : ",").append(item);
    body += "]}";
    const auto call = make(make_chat_call, body);
    ASSERT_TRUE(call.ok()) << item;
    // As values twice, and as text.
    const std::size_t needs = 2 * json_memory(call->request.input) + to_json_text(call->request.input).size();
    EXPECT_LE(needs, decoding_memory(body, Decoding::kTranslated)) << item;
  }
}

class OllamaStream : public ::testing::Test {
 protected:
  std::string add(GenerationEvent::Payload payload) {
    std::string out;
    at_ += 5ms;
    rendering_->append_event(out, {.sequence = ++sequence_, .at = at_, .payload = std::move(payload)});
    return out;
  }

 private:
  std::unique_ptr<Rendering> rendering_ = make_text_rendering("m", Answer::kMessage);
  WallTime at_ = kNow;
  std::uint64_t sequence_ = 0;
};

TEST_F(OllamaStream, IsALineForEachPieceAndALastOneWithTheCounts) {
  EXPECT_EQ(add(event::Queued{}), "");
  EXPECT_EQ(add(event::Started{}), "");
  EXPECT_EQ(add(event::Delta{.text = "a\nb"}),
            "{\"model\":\"m\",\"created_at\":\"2027-01-15T08:00:00.015Z\",\"message\":"
            "{\"content\":\"a\\nb\",\"role\":\"assistant\"},\"done\":false}\n");
  const Json result =
      *parse_json(R"({"finish_reason":"length","usage":{"prompt_tokens":2,"completion_tokens":3}})");
  const Json last = *parse_json(add(event::Succeeded{result}));
  EXPECT_EQ(last.at("done_reason"), "length");
  EXPECT_EQ(last.at("total_duration"), 15'000'000);
  EXPECT_EQ(last.at("load_duration"), 5'000'000);
  EXPECT_EQ(last.at("eval_duration"), 10'000'000);
  EXPECT_EQ(last.at("prompt_eval_count"), 2);
  EXPECT_EQ(last.at("eval_count"), 3);
  EXPECT_EQ(add(event::Failed{{error_code::kUpstreamFailed, "late"}}), "");
}

TEST_F(OllamaStream, HasCallsOfToolsWholeBeforeItsEnd) {
  for (const char* piece : {"{\"x\"", ":1}"}) {
    auto parts = std::make_shared<MessageParts>();
    parts->tool_calls.push_back({.index = 0, .id = "i", .name = "f", .arguments = piece});
    EXPECT_EQ(add(event::Delta{.text = {}, .parts = parts}), "");
  }
  const std::string lines = add(event::Succeeded{nullptr});
  const Json first = *parse_json(lines.substr(0, lines.find('\n')));
  EXPECT_EQ(first.at("message").at("tool_calls").at(0).at("function").at("arguments").at("x"), 1);
  EXPECT_FALSE(first.at("done").as_bool());
}

TEST_F(OllamaStream, EndsWithAnErrorWhereWhatWasSaidIsVoid) {
  EXPECT_EQ(add(event::Restarted{}), "");
  (void)add(event::Delta{.text = "a"});
  EXPECT_EQ(add(event::Restarted{}), "{\"error\":\"the worker was lost; what came before is void\"}\n");
  EXPECT_EQ(add(event::Delta{.text = "b"}), "");
}

TEST_F(OllamaStream, TellsAResultThatIsATextAlone) {
  EXPECT_NE(add(event::Succeeded{Json("whole")}).find(R"("content":"whole")"), std::string::npos);
}

TEST_F(OllamaStream, TellsAFailure) {
  EXPECT_EQ(add(event::Failed{{error_code::kUpstreamFailed, "broken"}}), "{\"error\":\"broken\"}\n");
}

}  // namespace
}  // namespace shunt::api::dialects::ollama
