#include "dialects/openai/chat/chat_call.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/chat/chat_rendering.hpp"
#include "dialects/openai/chat/conversation.hpp"
#include "dialects/openai/chat/given_parts.hpp"

namespace shunt::api::dialects::openai {
namespace {

bool is_neutral(std::string_view name, const Json& value) {
  const std::string text = to_json_text(value);
  if (name == "modalities") return text == R"(["text"])";
  if (name == "response_format") return text == R"({"type":"text"})";
  if (name == "tool_choice" || name == "function_call") return text == R"("none")" || text == R"("auto")";
  if (value.is_bool()) return !value.get_bool();
  return value.is_array() && value.get_array().empty();
}

// What a chat may ask for that no model does which only gets a text. What asks for nothing is taken out.
Result<void> refuse_beyond_text(JsonObject& body) {
  for (const std::string_view name :
       {"tools", "functions", "tool_choice", "function_call", "parallel_tool_calls", "audio", "modalities",
        "logprobs", "top_logprobs", "response_format", "prediction", "web_search_options", "store"}) {
    const auto value = take_member(body, name);
    if (!value || is_neutral(name, *value) || name == "parallel_tool_calls") continue;
    return not_done(name, "this model gets the conversation as one text, and answers with text");
  }
  return {};
}

// What the messages name by id, where the model does not find it there.
Result<void> give_files(JsonObject& body, const Model& model) {
  if (takes_message_files(model)) return {};
  Json* const messages = body.if_contains("messages");
  if (messages == nullptr) return {};
  Json said = std::move(*messages);
  auto given = give_parts(said, model, {}, body);
  if (given) body["messages"] = std::move(said);
  return given;
}

// For a model that takes no messages.
Result<JsonObject> text_input(JsonObject body, const Model& model, const std::string& member,
                              GenerationRequest& request) {
  if (auto refused = refuse_beyond_text(body); !refused) return std::move(refused).error();
  if (auto taken = take_metadata(body, request); !taken) return std::move(taken).error();
  const auto messages = take_member(body, "messages");
  auto text = as_one_text(messages.value_or(nullptr));
  if (!text) return std::move(text).error();
  body.insert_or_assign(member, std::move(*text));
  if (auto refused = refuse_unruled(body, model); !refused) return std::move(refused).error();
  return body;
}

}  // namespace

Result<Call> make_chat_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kChat);
  if (!serving) return std::move(serving).error();
  const auto streams = take_switch(body, "stream");
  if (!streams) return streams.error();
  const auto include_usage = take_include_usage(body, *streams);
  if (!include_usage) return include_usage.error();
  if (auto one = take_one_choice(body); !one) return std::move(one).error();
  Call call;
  call.model = serving->model;
  call.streams = *streams;
  if (auto given = give_files(body, *serving->model); !given) return std::move(given).error();
  const auto prompt = serving->served->members.find("prompt");
  if (prompt != serving->served->members.end()) {
    auto input = text_input(std::move(body), *serving->model, prompt->second, call.request);
    if (!input) return std::move(input).error();
    body = std::move(*input);
  } else {
    body = as_input(std::move(body), *serving->served);
  }
  call.request.model = serving->model->name;
  call.request.input = std::move(body);
  call.rendering = make_chat_rendering(serving->model->name, *include_usage);
  return call;
}

}  // namespace shunt::api::dialects::openai
