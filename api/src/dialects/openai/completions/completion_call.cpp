#include "dialects/openai/completions/completion_call.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "dialects/openai/completions/completion_rendering.hpp"

namespace shunt::api::dialects::openai {
namespace {

// A list of one text is that text. Several would be several generations, and tokens are known to their model
// alone.
Result<std::string> take_prompt(JsonObject& body) {
  auto prompt = take_member(body, "prompt");
  if (prompt && prompt->is_array() && prompt->get_array().size() == 1) {
    Json only = std::move(prompt->get_array().front());
    prompt = std::move(only);
  }
  if (prompt && prompt->is_string()) return std::string(prompt->get_string());
  return bad_member("/prompt",
                    "prompt must be one text: a generation has one result, and tokens are not taken");
}

// What no model does that only gets a text.
Result<void> refuse_beyond_text(JsonObject& body) {
  for (const std::string_view name : {"logprobs", "echo", "suffix", "best_of"}) {
    const auto value = take_member(body, name);
    const bool neutral = !value || (value->is_bool() && !value->get_bool()) ||
                         (name == "best_of" && value->is_int64() && value->get_int64() == 1);
    if (!neutral) return not_done(name, "this model gets a text and answers with text");
  }
  return {};
}

}  // namespace

Result<Call> make_completion_call(const CallContext& context, JsonObject body) {
  auto serving = take_model(context, body, CallKind::kCompletions);
  if (!serving) return std::move(serving).error();
  const auto streams = take_switch(body, "stream");
  if (!streams) return streams.error();
  const auto include_usage = take_include_usage(body, *streams);
  if (!include_usage) return include_usage.error();
  if (auto one = take_one_choice(body); !one) return std::move(one).error();
  auto prompt = take_prompt(body);
  if (!prompt) return std::move(prompt).error();
  body.insert_or_assign("prompt", std::move(*prompt));
  Call call;
  const bool is_text_model = serving->served->members.contains("prompt");
  if (is_text_model) {
    if (auto refused = refuse_beyond_text(body); !refused) return std::move(refused).error();
    if (auto taken = take_metadata(body, call.request); !taken) return std::move(taken).error();
  }
  body = as_input(std::move(body), *serving->served);
  if (is_text_model) {
    if (auto refused = refuse_unruled(body, *serving->model); !refused) return std::move(refused).error();
  }
  call.model = serving->model;
  call.streams = *streams;
  call.request.model = serving->model->name;
  call.request.input = std::move(body);
  call.rendering = make_completion_rendering(serving->model->name, *include_usage);
  return call;
}

}  // namespace shunt::api::dialects::openai
