#include "dialects/openai/responses/response_parameters.hpp"

#include <string>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/responses/item_content.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::openai {
namespace {

struct Passed {
  std::string_view name;
  std::string_view in_chat;
};
// What a chat has, too. The response shows them, null where the request has none.
constexpr Passed kPassed[] = {
    {"temperature", "temperature"},
    {"top_p", "top_p"},
    {"max_output_tokens", "max_tokens"},
    {"user", "user"},
    {"safety_identifier", "safety_identifier"},
    {"prompt_cache_key", "prompt_cache_key"},
    {"prompt_cache_retention", "prompt_cache_retention"},
    {"service_tier", "service_tier"},
};

struct Refused {
  std::string_view name;
  std::string_view why;
};
constexpr Refused kRefused[] = {
    {"conversation", "conversations are not kept; go on from a response by previous_response_id"},
    {"prompt", "templates of prompts are not kept; send instructions and input"},
    {"context_management", "the context is given to the model as it is"},
    {"moderation", "nothing is moderated here"},
    {"prompt_cache_options", "prompt_cache_key is what is passed on"},
    {"max_tool_calls", "it bounds tools that OpenAI runs, and none are run here"},
};

std::string pointer(std::string_view name) {
  return "/" + std::string(name);
}

// The members of an object that are left over: none of them is known.
Result<void> refuse_rest(const JsonObject& object, std::string_view of) {
  for (const auto& member : object) {
    if (member.value().is_null()) continue;
    const std::string name(std::string_view(member.key()));
    return bad_member(pointer(of) + '/' + name, std::string(of) + '.' + excerpt(name) + " is not taken");
  }
  return {};
}

Result<JsonObject> take_object(JsonObject& body, std::string_view name) {
  auto value = take_member(body, name);
  if (!value) return JsonObject{};
  if (!value->is_object()) return bad_member(pointer(name), std::string(name) + " must be an object");
  return std::move(value->get_object());
}

Result<void> take_reasoning(JsonObject& body, JsonObject& echo, JsonObject& chat) {
  auto reasoning = take_object(body, "reasoning");
  if (!reasoning) return std::move(reasoning).error();
  const auto effort = take_member(*reasoning, "effort");
  JsonObject shown;
  shown["effort"] = effort.value_or(nullptr);
  shown["summary"] = nullptr;
  echo["reasoning"] = std::move(shown);
  if (effort) chat["reasoning_effort"] = *effort;
  for (const std::string_view name : {"summary", "generate_summary"}) {
    const auto summary = take_member(*reasoning, name);
    const bool any_will_do = summary && summary->is_string() && summary->get_string() == "auto";
    if (summary && !any_will_do)
      return bad_member("/reasoning/" + std::string(name),
                        "no summaries are made; what a model tells of its reasoning comes as it is");
  }
  return refuse_rest(*reasoning, "reasoning");
}

// Of `text.format`. A text is what a chat answers anyway.
Result<void> take_format(const Json& format, JsonObject& chat) {
  const JsonObject* const given = format.if_object();
  const std::string_view type = given == nullptr ? "" : text_member(*given, "type");
  JsonObject made;
  made["type"] = type;
  if (type == "text") return {};
  if (type == "json_schema") {
    JsonObject schema = *given;
    schema.stable_erase("type");
    made["json_schema"] = std::move(schema);
  } else if (type != "json_object") {
    return bad_member("/text/format/type", "the type of a format must be text, json_schema or json_object");
  }
  chat["response_format"] = std::move(made);
  return {};
}

Result<void> take_text_options(JsonObject& body, JsonObject& echo, JsonObject& chat) {
  auto text = take_object(body, "text");
  if (!text) return std::move(text).error();
  const auto format = take_member(*text, "format");
  const auto verbosity = take_member(*text, "verbosity");
  if (verbosity) chat["verbosity"] = *verbosity;
  JsonObject shown;
  shown["format"] = format.value_or(JsonObject{{"type", "text"}});
  if (verbosity) shown["verbosity"] = *verbosity;
  echo["text"] = std::move(shown);
  if (format) {
    if (auto taken = take_format(*format, chat); !taken) return taken;
  }
  return refuse_rest(*text, "text");
}

Result<void> take_logprobs(JsonObject& body, JsonObject& echo, JsonObject& chat) {
  const auto count = take_member(body, "top_logprobs");
  echo["top_logprobs"] = count.value_or(0);
  const bool none = !count || (count->is_int64() && count->get_int64() == 0);
  if (!none) {
    chat["logprobs"] = true;
    chat["top_logprobs"] = *count;
  }
  const auto include = take_member(body, "include");
  if (!include) return {};
  if (!include->is_array()) return bad_member("/include", "include must be a list");
  for (std::size_t i = 0; i < include->get_array().size(); ++i) {
    const Json& each = include->get_array()[i];
    const std::string_view name = each.is_string() ? std::string_view(each.get_string()) : "";
    if (name == "message.input_image.image_url") continue;  // they always are
    if (name != "message.output_text.logprobs")
      return bad_member("/include/" + std::to_string(i),
                        "\"" + excerpt(name) + "\" is not there to be included");
    chat["logprobs"] = true;
  }
  return {};
}

Result<void> refuse_undone(JsonObject& body) {
  for (const Refused& refused : kRefused) {
    if (take_member(body, refused.name)) return not_done(refused.name, refused.why);
  }
  const auto truncation = take_member(body, "truncation");
  if (truncation && !(truncation->is_string() && truncation->get_string() == "disabled"))
    return not_done("truncation", "the input is given to the model whole; only \"disabled\" is done");
  return {};
}

}  // namespace

Result<void> take_parameters(JsonObject& body, JsonObject& echo, JsonObject& chat) {
  if (auto refused = refuse_undone(body); !refused) return refused;
  echo["truncation"] = "disabled";
  for (const Passed& passed : kPassed) {
    const auto value = take_member(body, passed.name);
    echo[passed.name] = value.value_or(nullptr);
    if (value) chat[passed.in_chat] = *value;
  }
  if (auto taken = take_reasoning(body, echo, chat); !taken) return taken;
  if (auto taken = take_text_options(body, echo, chat); !taken) return taken;
  return take_logprobs(body, echo, chat);
}

}  // namespace shunt::api::dialects::openai
