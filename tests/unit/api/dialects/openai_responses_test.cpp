#include <algorithm>
#include <vector>

#include "call_fixture.hpp"
#include "dialects/openai/responses/conversation_items.hpp"
#include "dialects/openai/responses/input_items.hpp"
#include "dialects/openai/responses/response_call.hpp"
#include "dialects/openai/responses/response_events.hpp"
#include "dialects/openai/responses/response_facts.hpp"
#include "dialects/openai/responses/response_object.hpp"

namespace shunt::api::dialects::openai {
namespace {

const GenerationId kId = *GenerationId::parse("gen_01a224993c577000ad0dde6e49e7885c");

class OpenAiResponses : public CallTest {
 protected:
  OpenAiResponses() {
    add_model("chat", CallKind::kChat);
    add_model("text", CallKind::kChat, {{"prompt", "words"}});
    add_model("speech", CallKind::kSpeech);
    add_model("files", CallKind::kChat).generator = std::make_shared<ReadsMessageFiles>();
  }

  [[nodiscard]] std::string outcome(std::string_view body) {
    return CallTest::outcome(make_response_call, body);
  }
};

TEST_F(OpenAiResponses, ARequestBecomesAChat) {
  struct Case {
    std::string_view members;
    std::string_view input;
  };
  constexpr std::string_view kHi = R"("messages":[{"role":"user","content":"hi"}])";
  const Case cases[] = {
      {R"("input":"hi")", ""},
      {R"("input":"hi","temperature":0.5,"top_p":1,"max_output_tokens":7,"user":"me")",
       R"("temperature":0.5,"top_p":1,"max_tokens":7,"user":"me",)"},
      {R"("input":"hi","reasoning":{"effort":"low","summary":"auto"},"text":{"verbosity":"low"})",
       R"("reasoning_effort":"low","verbosity":"low",)"},
      {R"("input":"hi","text":{"format":{"type":"json_schema","name":"n","schema":{}}})",
       R"("response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{}}},)"},
      {R"("input":"hi","text":{"format":{"type":"text"}},"truncation":"disabled","include":[],"tools":[])",
       ""},
      {R"("input":"hi","top_logprobs":2)", R"("logprobs":true,"top_logprobs":2,)"},
      {R"("input":"hi","tools":[{"type":"function","name":"f","parameters":{},"strict":true}],"tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":false)",
       R"("tools":[{"type":"function","function":{"name":"f","parameters":{},"strict":true}}],"tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":false,)"},
      {R"("input":"hi","seed_of_the_server":3)", R"("seed_of_the_server":3,)"},
  };
  for (const Case& each : cases) {
    const std::string body = R"({"model":"chat",)" + std::string(each.members) + '}';
    EXPECT_EQ(outcome(body), '{' + std::string(each.input) + std::string(kHi) + '}') << body;
  }
}

TEST_F(OpenAiResponses, ItemsBecomeMessages) {
  const std::string_view body = R"({"model":"chat","instructions":"be kind","input":[
    {"role":"user","content":[{"type":"input_text","text":"a"},{"type":"input_text","text":"b"}]},
    {"type":"reasoning","id":"rs_1","summary":[]},
    {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
    {"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},
    {"type":"function_call_output","call_id":"c1","output":"1"},
    {"role":"user","content":[{"type":"input_image","image_url":"data:x","detail":"low"},
                              {"type":"input_file","file_data":"data:y","filename":"z"}]}]})";
  EXPECT_EQ(outcome(body),
            R"({"messages":[{"role":"system","content":"be kind"},{"role":"user","content":"ab"},)"
            R"({"role":"assistant","content":null,"tool_calls":[)"
            R"({"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}},)"
            R"({"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},)"
            R"({"role":"tool","content":"1","tool_call_id":"c1"},)"
            R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"data:x","detail":"low"}},)"
            R"({"type":"file","file":{"file_data":"data:y","filename":"z"}}]}]})");
}

TEST_F(OpenAiResponses, AModelWithoutMessagesGetsOneText) {
  EXPECT_EQ(outcome(R"({"model":"text","input":"hi"})"), R"({"words":"hi"})");
  EXPECT_EQ(outcome(R"({"model":"text","input":"hi","instructions":"be kind"})"),
            R"({"words":"system: be kind\n\nuser: hi\n\nassistant:"})");
  EXPECT_EQ(outcome(R"({"model":"text","input":"hi","tools":[{"type":"function","name":"f"}]})"),
            "invalid_request /tools");
}

TEST_F(OpenAiResponses, WhatIsNotDoneIsRefusedByName) {
  struct Case {
    std::string_view members;
    std::string_view field;
  };
  const Case cases[] = {
      {R"("conversation":"c")", "/conversation"},
      {R"("prompt":{"id":"p"})", "/prompt"},
      {R"("context_management":[])", "/context_management"},
      {R"("moderation":{})", "/moderation"},
      {R"("prompt_cache_options":{})", "/prompt_cache_options"},
      {R"("max_tool_calls":1)", "/max_tool_calls"},
      {R"("truncation":"auto")", "/truncation"},
      {R"("include":["reasoning.encrypted_content"])", "/include/0"},
      {R"("reasoning":{"summary":"detailed"})", "/reasoning/summary"},
      {R"("reasoning":{"depth":1})", "/reasoning/depth"},
      {R"("text":{"format":{"type":"grammar"}})", "/text/format/type"},
      {R"("tools":[{"type":"web_search"}])", "/tools/0/type"},
      {R"("tools":[{"type":"function","name":"f","defer_loading":true}])", "/tools/0/defer_loading"},
      {R"("tool_choice":"required")", "/tool_choice"},
      {R"("tool_choice":{"type":"mcp"})", "/tool_choice/type"},
      {R"("stream_options":{})", "/stream_options"},
      {R"("stream":true,"stream_options":{"include_obfuscation":true})",
       "/stream_options/include_obfuscation"},
      {R"("metadata":{"a":1})", "/metadata"},
      {R"("instructions":7)", "/instructions"},
      {R"("background":1)", "/background"},
      {R"("previous_response_id":"resp_none")", "/previous_response_id"},
  };
  for (const Case& each : cases) {
    const std::string body = R"({"model":"chat","input":"hi",)" + std::string(each.members) + '}';
    EXPECT_EQ(outcome(body), "invalid_request " + std::string(each.field)) << body;
  }
  for (const std::string_view type :
       {"web_search_preview", "file_search", "code_interpreter", "mcp", "computer_use_preview",
        "image_generation", "local_shell", "shell", "apply_patch", "custom", "namespace", "tool_search"}) {
    EXPECT_EQ(outcome(R"({"model":"chat","input":"hi","tools":[{"type":")" + std::string(type) + R"("}]})"),
              "invalid_request /tools/0/type");
  }
}

TEST_F(OpenAiResponses, InputThatIsNoneIsRefused) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"7", "/input"},
      {"[]", "/input"},
      {"null", "/input"},
      {"[7]", "/input/input/0"},
      {R"([{"type":"item_reference","id":"x"}])", "/input/input/0/type"},
      {R"([{"role":"tool","content":"x"}])", "/input/input/0/role"},
      {R"([{"role":"user","content":{}}])", "/input/input/0/content"},
      {R"([{"role":"user","content":[{"type":"input_audio"}]}])", "/input/input/0/content/0/type"},
      {R"([{"role":"user","content":[{"type":"input_text","text":7}]}])", "/input/input/0/content/0/text"},
      {R"([{"type":"function_call","call_id":"c","name":"f"}])", "/input/input/0/arguments"},
      {R"([{"type":"function_call_output","call_id":"c"}])", "/input/input/0/output"},
  };
  for (const auto& [input, field] : cases) {
    EXPECT_EQ(outcome(R"({"model":"chat","input":)" + std::string(input) + '}'),
              "invalid_request " + std::string(field))
        << input;
  }
}

const std::string kFile = "file-0123456789abcdef0123456789abcdef";

TEST_F(OpenAiResponses, FilesStayInTheirMessagesByTheirIdsAndTheirPlacesAreKnown) {
  const auto call = make(make_response_call, R"({"model":"files","instructions":"be kind","input":[
    {"type":"reasoning","id":"rs_1","summary":[]},
    {"role":"user","content":[{"type":"input_text","text":"a","file_id":"x"},
      {"type":"input_file","file_id":")" + kFile +
                                                 R"(","filename":"b.pdf"},
      {"type":"input_image","file_id":")" + kFile +
                                                 R"(","detail":"low"}]},
    {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
    {"type":"function_call_output","call_id":"c","output":[{"type":"input_file","file_id":")" +
                                                 kFile + R"("}]}]})");
  ASSERT_TRUE(call) << call.error().message;
  const Json& messages = call->request.input.at("messages");
  EXPECT_EQ(to_json_text(messages.at(1).at("content")),
            R"([{"type":"text","text":"a"},{"type":"file","file":{"file_id":")" + kFile +
                R"(","filename":"b.pdf"}},{"type":"image_url","image_url":{"file_id":")" + kFile +
                R"(","detail":"low"}}])");
  EXPECT_EQ(to_json_text(messages.at(3).at("content")),
            R"([{"type":"file","file":{"file_id":")" + kFile + R"("}}])");
  EXPECT_EQ(call->file_places,
            (std::vector<std::string>{"/input/input/1/content/1/file_id", "/input/input/1/content/2/file_id",
                                      "/input/input/3/output/0/file_id"}));
  EXPECT_EQ(file_places(facts_of(&call->request)->items, 3).front(), "/previous_response_id");
}

TEST_F(OpenAiResponses, FilesThatCanBeNoneAreRefusedByTheirPlace) {
  for (const std::string_view part :
       {R"({"type":"input_image","file_id":"f"})", R"({"type":"input_file","file_id":"../../etc/passwd"})"}) {
    EXPECT_EQ(outcome(R"({"model":"files","input":[{"role":"user","content":[)" + std::string(part) + "]}]}"),
              "invalid_input /input/input/0/content/0/file_id");
  }
  for (const std::string& part :
       {std::string(R"({"type":"input_image","file_id":7})"),
        R"({"type":"input_image","image_url":"data:,","file_id":")" + kFile + R"("})",
        R"({"type":"input_file","file_data":"data:,","file_id":")" + kFile + R"("})"}) {
    EXPECT_EQ(outcome(R"({"model":"files","input":[{"role":"user","content":[)" + part + "]}]}"),
              "invalid_request /input/input/0/content/0/file_id");
  }
  // Models that read no files by their ids, and have no rule for one.
  for (const std::string_view model : {"chat", "text"}) {
    EXPECT_EQ(outcome(R"({"model":")" + std::string(model) +
                      R"(","input":[{"role":"user","content":[{"type":"input_file","file_id":")" + kFile +
                      R"("}]}]})"),
              "invalid_request /input/input/0/content/0/file_id");
  }
}

TEST_F(OpenAiResponses, BackgroundGoesOnAloneAndAnswersAtOnce) {
  const auto call = make(make_response_call,
                         R"({"model":"chat","input":"hi","background":true,"store":false,"stream":true})");
  ASSERT_TRUE(call);
  EXPECT_TRUE(call->goes_on_alone && call->streams && call->request.respond_async);
  EXPECT_EQ(call->wait, std::chrono::milliseconds(0));
  const auto facts = facts_of(&call->request);
  ASSERT_TRUE(facts);
  EXPECT_TRUE(facts->background && !facts->store && is_kept(*facts));
}

GenerationRecord succeeded(std::string text) {
  GenerationRecord record;
  record.id = kId;
  record.state = GenerationState::kSucceeded;
  record.text = std::move(text);
  return record;
}

ResponseFacts facts(bool background) {
  ResponseFacts made;
  made.model = "m";
  made.background = background;
  return made;
}

TEST_F(OpenAiResponses, AnEarlierResponseGivesItsConversation) {
  auto first = make(make_response_call, R"({"model":"chat","input":"hi","instructions":"be kind"})");
  ASSERT_TRUE(first);
  GenerationRecord record = succeeded("hello");
  const Stored stored{record, &first->request};
  JsonObject body = object(R"({"previous_response_id":"resp_x","input":"and?"})");
  JsonObject echo;
  auto items = take_conversation(body, &stored, echo);
  ASSERT_TRUE(items);
  EXPECT_EQ(items->earlier, 2U);
  const auto messages = as_messages(items->items, "");
  ASSERT_TRUE(messages);
  EXPECT_EQ(to_json_text(*messages),
            R"([{"role":"user","content":"hi"},{"role":"assistant","content":"hello"},)"
            R"({"role":"user","content":"and?"}])");

  record.state = GenerationState::kFailed;
  body = object(R"({"previous_response_id":"resp_x","input":"and?"})");
  EXPECT_FALSE(take_conversation(body, &stored, echo));
}

TEST(OpenAiResponseFacts, OnlyWhatOursWroteIsRead) {
  GenerationRequest request;
  EXPECT_FALSE(facts_of(nullptr));
  EXPECT_FALSE(facts_of(&request));
  for (const std::string_view text : {R"({"name":7})", R"({"name":"openai.responses"})",
                                      R"({"name":"openai.responses","echo":{},"items":7})",
                                      R"({"name":"openai.responses","echo":{},"items":[7]})",
                                      R"({"name":"another","echo":{},"items":[]})"}) {
    request.context.dialect = parse_json(text)->as_object();
    EXPECT_FALSE(facts_of(&request)) << text;
  }
  EXPECT_EQ(parse_response_id(response_id(kId)), kId);
  for (const std::string_view id : {"", "resp_", "gen_01a224993c577000ad0dde6e49e7885c", "resp_x"}) {
    EXPECT_FALSE(parse_response_id(id)) << id;
  }
}

GenerationEvent happened(GenerationEvent::Payload payload) {
  return {.sequence = 0, .at = {}, .payload = std::move(payload)};
}

GenerationEvent said(MessageParts parts) {
  return happened(event::Delta{.text = {}, .parts = std::make_shared<const MessageParts>(std::move(parts))});
}

std::vector<GenerationEvent> a_long_story() {
  std::vector<GenerationEvent> events;
  events.push_back(happened(event::Queued{}));
  events.push_back(happened(event::Started{}));
  events.push_back(said({.reasoning = "hm"}));
  events.push_back(happened(event::Delta{.text = "a"}));
  events.push_back(happened(event::Restarted{}));
  events.push_back(happened(event::Delta{.text = "b"}));
  events.push_back(happened(event::Progress{}));
  events.push_back(said({.refusal = "no"}));
  events.push_back(said({.tool_calls = {{.index = 0, .id = "c", .name = "f", .arguments = "{"}}}));
  events.push_back(said({.tool_calls = {{.index = 0, .arguments = "}"}}}));
  events.push_back(happened(event::Succeeded{parse_json(R"({"finish_reason":"length"})").value()}));
  return events;
}

JsonArray told(const std::vector<GenerationEvent>& events, std::uint64_t skip = 0) {
  ResponseEvents machine(kId, facts(true), skip);
  std::string out;
  for (const GenerationEvent& event : events) machine.append(out, event);
  JsonArray made;
  for (std::size_t at = 0; (at = out.find("data: ", at)) != std::string::npos;) {
    const std::size_t end = out.find("\n\n", at);
    made.push_back(parse_json(std::string_view(out).substr(at + 6, end - at - 6)).value());
    at = end;
  }
  return made;
}

std::string kinds_of(const JsonArray& events) {
  std::string kinds;
  for (const Json& event : events) {
    std::string_view kind = event.at("type").as_string();
    kind.remove_prefix(std::min(kind.size(), std::string_view("response.").size()));
    kinds.append(kinds.empty() ? "" : " ").append(kind);
  }
  return kinds;
}

TEST(OpenAiResponseEvents, ComeInTheOrderOfTheApi) {
  EXPECT_EQ(kinds_of(told(a_long_story())),
            "created queued in_progress output_item.added content_part.added reasoning_text.delta "
            "reasoning_text.done content_part.done output_item.done output_item.added content_part.added "
            "output_text.delta output_text.done content_part.done output_item.done in_progress "
            "output_item.added content_part.added output_text.delta content_part.added refusal.delta "
            "output_item.added function_call_arguments.delta function_call_arguments.delta output_text.done "
            "content_part.done refusal.done content_part.done output_item.done function_call_arguments.done "
            "output_item.done incomplete");
}

TEST(OpenAiResponseEvents, AreNumberedAndTheSameWhereverTheyAreReadFrom) {
  const JsonArray whole = told(a_long_story());
  for (std::uint64_t skip = 0; skip <= whole.size() + 1; ++skip) {
    const JsonArray rest = told(a_long_story(), skip);
    ASSERT_EQ(rest.size(), whole.size() - std::min<std::size_t>(skip, whole.size()));
    for (std::size_t i = 0; i < rest.size(); ++i) {
      EXPECT_EQ(rest[i], whole[skip + i]);
      EXPECT_EQ(rest[i].at("sequence_number").to_number<std::uint64_t>(), skip + i);
    }
  }
}

TEST(OpenAiResponseEvents, EndWithTheResponseThatIsStored) {
  const std::pair<GenerationEvent::Payload, std::string_view> ends[] = {
      {event::Succeeded{}, "completed completed"},
      {event::Succeeded{parse_json(R"({"finish_reason":"content_filter"})").value()},
       "incomplete incomplete"},
      {event::Failed{Error{"upstream_failed", "no"}}, "failed failed"},
      {event::Cancelled{"stop"}, "failed cancelled"},
  };
  for (const auto& [end, wanted] : ends) {
    const JsonArray events =
        told({happened(event::Queued{}), happened(event::Delta{.text = "a"}), happened(end)});
    const Json& last = events.back();
    std::string seen(std::string_view(last.at("type").as_string()).substr(9));
    seen.append(" ").append(std::string_view(last.at("response").at("status").as_string()));
    EXPECT_EQ(seen, wanted);
    GenerationRecord record = succeeded("a");
    if (const auto* const success = std::get_if<event::Succeeded>(&end)) record.result = success->result;
    if (std::holds_alternative<event::Failed>(end)) record.state = GenerationState::kFailed;
    if (std::holds_alternative<event::Cancelled>(end)) record.state = GenerationState::kCancelled;
    std::string text;
    append_response(text, facts(true), record);
    EXPECT_EQ(parse_json(text)->at("output"), last.at("response").at("output"));
    EXPECT_EQ(parse_json(text)->at("status"), last.at("response").at("status"));
  }
}

TEST(OpenAiResponseEvents, ATextThatComesAsTheResultIsSaid) {
  const JsonArray events = told({happened(event::Queued{}), happened(event::Succeeded{Json("all")})});
  EXPECT_EQ(events.back().at("response").at("output").at(0).at("content").at(0).at("text"), Json("all"));
}

TEST(OpenAiResponse, HasTheTokenCountsByTheirNamesHere) {
  GenerationRecord record = succeeded("a");
  record.result = parse_json(R"({"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,
    "prompt_tokens_details":{"cached_tokens":1},"completion_tokens_details":{"reasoning_tokens":2}}})")
                      .value();
  std::string text;
  append_response(text, facts(false), record);
  EXPECT_EQ(to_json_text(parse_json(text)->at("usage")),
            R"({"input_tokens":3,"input_tokens_details":{"cached_tokens":1,"cache_write_tokens":0},)"
            R"("output_tokens":4,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":7})");
}

}  // namespace
}  // namespace shunt::api::dialects::openai
