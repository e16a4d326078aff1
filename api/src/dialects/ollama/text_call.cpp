#include "dialects/ollama/text_call.hpp"

#include "dialects/ollama/call_options.hpp"
#include "dialects/ollama/message_translation.hpp"
#include "dialects/ollama/text_rendering.hpp"
#include "dialects/openai/call_members.hpp"
#include "dialects/openai/chat/chat_call.hpp"
#include "dialects/openai/completions/completion_call.hpp"

namespace shunt::api::dialects::ollama {
namespace {

using openai::bad_member, openai::not_done, openai::take_member;

bool serves(const Model* model, CallKind kind) {
  return model != nullptr && model->calls.contains(kind);
}

// As OpenAI's servers call it; a model of another kind has rules for it by its own name, or refuses it.
Result<void> translate_format(JsonObject& body) {
  auto format = take_member(body, "format");
  if (!format) return {};
  if (*format == "json") {
    body["response_format"] = JsonObject{{"type", "json_object"}};
  } else if (format->is_object()) {
    const JsonObject schema{{"name", "answer"}, {"schema", std::move(*format)}};
    body["response_format"] = JsonObject{{"type", "json_schema"}, {"json_schema", schema}};
  } else {
    return bad_member("/format", "format must be \"json\" or a JSON Schema");
  }
  return {};
}

Result<void> translate_think(JsonObject& body) {
  auto think = take_member(body, "think");
  if (!think) return {};
  if (think->is_bool()) think = Json(think->get_bool() ? "medium" : "none");
  if (!think->is_string()) return bad_member("/think", "think must be true, false or a level");
  body["reasoning_effort"] = std::move(*think);
  return {};
}

// What both calls have. `kind`: how the model is called.
Result<void> translate_members(JsonObject& body, const Model* model, CallKind kind) {
  (void)take_member(body, "keep_alive");  // there is nothing that could be unloaded
  const auto stream = take_member(body, "stream");
  body["stream"] = stream.value_or(true);
  if (auto spread = spread_options(body, model); !spread) return spread;
  if (body.contains("format") && body["format"] == "") body.stable_erase("format");
  if (serves(model, kind) && model->calls.at(kind).members.contains("prompt")) {
    if (body.contains("think") && body["think"] == false) body.stable_erase("think");
    return {};
  }
  if (auto translated = translate_format(body); !translated) return translated;
  return translate_think(body);
}

Result<Call> finish(Result<Call> call, Answer answer) {
  if (call) call->rendering = make_text_rendering(call->model->name, answer);
  return call;
}

Result<Call> make_chat(const CallContext& context, JsonObject body, Answer answer) {
  const auto model = named_model(context, body);
  if (auto done = translate_messages(body["messages"]); !done) return std::move(done).error();
  if (auto done = translate_members(body, model.get(), CallKind::kChat); !done)
    return std::move(done).error();
  return finish(openai::make_chat_call(context, std::move(body)), answer);
}

bool asks_for_nothing(const Json& value) {
  return value == "" || value == false || (value.is_array() && value.get_array().empty());
}

}  // namespace

Result<Call> make_chat_call(const CallContext& context, JsonObject body) {
  return make_chat(context, std::move(body), Answer::kMessage);
}

Result<Call> make_generate_call(const CallContext& context, JsonObject body) {
  const auto model = named_model(context, body);
  for (const std::string_view name : {"raw", "suffix", "template", "context", "system", "images"}) {
    const auto found = body.find(name);
    if (found != body.end() && (found->value().is_null() || asks_for_nothing(found->value())))
      body.stable_erase(found);
  }
  for (const std::string_view name : {"template", "context"}) {
    if (body.contains(name)) return not_done(name, "it is the model's own; a chat has what was said before");
  }
  const auto raw = openai::take_switch(body, "raw");
  if (!raw) return raw.error();
  const bool as_it_is = *raw || body.contains("suffix") || !serves(model.get(), CallKind::kChat);
  if (as_it_is) {
    for (const std::string_view name : {"system", "images", "logprobs"})
      if (body.contains(name)) return not_done(name, "the prompt goes to this model as it is");
    if (model && !serves(model.get(), CallKind::kCompletions) && serves(model.get(), CallKind::kChat))
      return not_done(*raw ? "raw" : "suffix", "the model answers chats alone");
    if (auto done = translate_members(body, model.get(), CallKind::kCompletions); !done)
      return std::move(done).error();
    return finish(openai::make_completion_call(context, std::move(body)), Answer::kResponse);
  }
  const auto prompt = openai::take_text(body, "prompt");
  if (!prompt) return prompt.error();
  if (prompt->empty()) return bad_member("/prompt", "prompt must not be empty: no model has to be loaded");
  JsonArray messages;
  if (auto system = take_member(body, "system"))
    messages.push_back(JsonObject{{"role", "system"}, {"content", std::move(*system)}});
  JsonObject asked{{"role", "user"}, {"content", *prompt}};
  if (auto images = take_member(body, "images")) asked["images"] = std::move(*images);
  messages.push_back(std::move(asked));
  if (body.contains("messages")) return bad_member("/messages", "messages are for /api/chat");
  body["messages"] = std::move(messages);
  return make_chat(context, std::move(body), Answer::kResponse);
}

}  // namespace shunt::api::dialects::ollama
