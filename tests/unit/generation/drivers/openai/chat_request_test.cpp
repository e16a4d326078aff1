#include "drivers/openai/chat_request.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

OpenAiOptions upstream(std::string model) {
  OpenAiOptions options;
  options.model = std::move(model);
  return options;
}

TEST(ChatRequest, PutsAPromptIntoAUserMessage) {
  const Json body =
      json(chat_request_body(json(R"({"prompt":"Hello","temperature":0.5,"seed":7})"), upstream("tiny")));
  EXPECT_EQ(body, json(R"({"model":"tiny","messages":[{"role":"user","content":"Hello"}],
                           "temperature":0.5,"seed":7,"stream":true,"stream_options":{"include_usage":true}})"));
}

TEST(ChatRequest, PassesMessagesAndEverythingElseThrough) {
  const Json input = json(R"({"messages":[{"role":"system","content":[{"type":"text","text":"x"}]}],
                              "tools":[{"type":"function"}],"n":1,"x-unknown":{"a":[null]}})");
  const Json body = json(chat_request_body(input, upstream("tiny")));
  for (const auto& [key, value] : input.get_object()) EXPECT_EQ(body.at(key), value) << key;
}

TEST(ChatRequest, KeepsTheCallersStreamOptions) {
  const Json body = json(chat_request_body(
      json(R"({"prompt":"","stream_options":{"include_usage":false,"x":1}})"), upstream("m")));
  EXPECT_EQ(body.at("stream_options"), json(R"({"include_usage":false,"x":1})"));
}

TEST(ChatRequest, LeavesStreamOptionsOutForAServerThatRefusesThem) {
  OpenAiOptions options = upstream("m");
  options.include_usage = false;
  EXPECT_FALSE(
      json(chat_request_body(json(R"({"prompt":"a"})"), options)).as_object().contains("stream_options"));
  EXPECT_EQ(json(chat_request_body(json(R"({"prompt":"a","stream_options":{"x":1}})"), options))
                .at("stream_options"),
            json(R"({"x":1})"))
      << "what the caller asks for is passed through";
}

TEST(ChatRequest, RefusesWrongInputsByName) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"("text")", "/input"},
      {R"({})", "/input"},
      {R"({"prompt":"a","messages":[{"role":"user"}]})", "/input"},
      {R"({"prompt":7})", "/input/prompt"},
      {R"({"messages":"a"})", "/input/messages"},
      {R"({"messages":[]})", "/input/messages"},
      {R"({"messages":[{"role":"user"},"a"]})", "/input/messages/1"},
      {R"({"messages":[{"content":"a"}]})", "/input/messages/0/role"},
      {R"({"messages":[{"role":3}]})", "/input/messages/0/role"},
      {R"({"prompt":"a","model":"gpt"})", "/input/model"},
      {R"({"prompt":"a","stream":true})", "/input/stream"},
      {R"({"prompt":"a","stream_options":true})", "/input/stream_options"},
      {R"({"prompt":"a","n":2})", "/input/n"},
      {R"({"prompt":"a","n":"1"})", "/input/n"},
  };
  for (const auto& [input, field] : cases) {
    const auto checked = check_chat_input(json(input));
    ASSERT_FALSE(checked.ok()) << input;
    EXPECT_EQ(checked.error().code, error_code::kInvalidInput) << input;
    EXPECT_EQ(checked.error().details.at("field"), boost::json::string(field)) << input;
    EXPECT_FALSE(checked.error().is_retryable()) << input;
  }
}

TEST(ChatRequest, AcceptsBothForms) {
  for (const std::string_view input :
       {R"({"prompt":""})",
        R"({"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[]}]})",
        R"({"prompt":"a","n":1,"max_tokens":5})"}) {
    EXPECT_TRUE(check_chat_input(json(input)).ok()) << input;
  }
}

}  // namespace
}  // namespace shunt::generation::openai
