#include "dialects/replicate/prediction_call.hpp"

#include <utility>

#include "dialects/replicate/model_names.hpp"
#include "dialects/replicate/prediction_object.hpp"
#include "dialects/replicate/prediction_rendering.hpp"
#include "dialects/replicate/replicate_files.hpp"
#include "dialects/replicate/wait_header.hpp"
#include "representation/problem.hpp"
#include "representation/strict_body.hpp"
#include "shunt/base/display_text.hpp"

namespace shunt::api::dialects::replicate {
namespace {

constexpr std::size_t kMaxKeptUrlBytes = 2'048;

// Which of Replicate's events the webhook is told. False: none of this name.
bool take_event(std::string_view name, Call& call) {
  if (name == "start") return call.webhook_news.start = true;
  if (name == "output") return call.webhook_news.output = true;
  if (name == "logs") return call.webhook_news.logs = true;
  if (name == "completed") return call.webhook_tells_end = true;
  return false;
}

// Without a filter new output is told, and the end, as Replicate does.
Result<void> read_filter(const JsonObject& body, Prediction& prediction, Call& call) {
  const Json* const filter = body.if_contains("webhook_events_filter");
  if (filter == nullptr || filter->is_null()) {
    call.webhook_news.output = body.contains("webhook") && !body.at("webhook").is_null();
    return {};
  }
  if (!filter->is_array()) return wrong_type("/webhook_events_filter", "an array of event names", *filter);
  if (filter->get_array().empty())
    return invalid_field("/webhook_events_filter", "\"webhook_events_filter\" must name an event");
  call.webhook_tells_end = false;
  for (const Json& event : filter->get_array()) {
    if (event.is_string() && take_event(std::string_view(event.get_string()), call)) continue;
    return invalid_field("/webhook_events_filter",
                         R"("webhook_events_filter" may have "start", "output", "logs" and "completed")");
  }
  prediction.webhook_events_filter = filter->get_array();
  return {};
}

// `webhook_completed` is what `webhook` with the filter "completed" was called before.
Result<void> read_webhook(const JsonObject& body, Prediction& prediction, Call& call) {
  for (const std::string_view name : {"webhook", "webhook_completed"}) {
    const Json* const url = body.if_contains(name);
    if (url == nullptr || url->is_null()) continue;
    const std::string pointer = '/' + std::string(name);
    if (!url->is_string()) return wrong_type(pointer, "a URL", *url);
    if (!prediction.webhook.empty()) return invalid_field(pointer, "\"webhook\" is there already");
    prediction.webhook = url->get_string();
    call.webhook = JsonObject{{"url", url->get_string()}};
    call.webhook_form = kFormName;
  }
  return read_filter(body, prediction, call);
}

// Members that are files may be URLs; of those of our own files the id is all that counts.
void read_files(const CallContext& context, const Model& model, JsonObject& input, Prediction& prediction) {
  for (const std::string& member : model.input_rules.files()) {
    Json* const value = input.if_contains(member);
    if (value == nullptr || !value->is_string()) continue;
    const std::string url(value->get_string());
    if (!url.starts_with("data:") && url.size() <= kMaxKeptUrlBytes) prediction.files.emplace(member, url);
    if (auto id = file_of_url(url, context.base_url)) *value = JsonObject{{"file", *id}};
  }
}

Result<void> read_cancel_after(const CallContext& context, const Model& model, Prediction& prediction,
                               GenerationRequest& request) {
  const http::Headers& headers = context.request.headers;
  if (!headers.has("Cancel-After")) return {};
  const auto after = parse_cancel_after(headers.get("Cancel-After"));
  if (!after) return after.error();
  // Beyond it the model's own timeout comes first, which is no cancelling.
  if (*after > model.timeout) return {};
  request.options.timeout = *after;
  prediction.cancel_after = true;
  return {};
}

Result<JsonObject> take_input(JsonObject& body) {
  Json* const input = body.if_contains("input");
  if (input == nullptr)
    return invalid_field("/input", "\"input\" is missing: an object with the model's inputs");
  if (!input->is_object()) return wrong_type("/input", "an object", *input);
  return std::move(input->get_object());
}

Result<Call> predict(const CallContext& context, JsonObject& body, std::shared_ptr<const Model> model) {
  Call call;
  Prediction prediction;
  if (const Json* const stream = body.if_contains("stream"); stream != nullptr && !stream->is_bool())
    return wrong_type("/stream", "true or false", *stream);  // every prediction can be streamed
  auto input = take_input(body);
  if (!input) return std::move(input).error();
  if (auto read = read_webhook(body, prediction, call); !read) return std::move(read).error();
  read_files(context, *model, *input, prediction);
  if (auto read = read_cancel_after(context, *model, prediction, call.request); !read)
    return std::move(read).error();
  prediction.version = version_of(*model);
  prediction.base_url = context.base_url;
  call.request.model = model->name;
  call.request.input = std::move(*input);
  call.request.context.dialect = to_dialect(prediction);
  call.request.respond_async = true;
  call.wait = wait_of(context.request.headers.joined("Prefer"));
  call.goes_on_alone = true;
  call.rendering = std::make_unique<PredictionRendering>(
      links_of(context), prediction.version,
      call.wait->count() == 0 ? PredictionRendering::Answers::kAtOnce : PredictionRendering::Answers::kWait);
  call.model = std::move(model);
  return call;
}

}  // namespace

Result<Call> predict_version(const CallContext& context, JsonObject body) {
  if (auto known = only_known(
          body, "", {"version", "input", "webhook", "webhook_completed", "webhook_events_filter", "stream"});
      !known) {
    return std::move(known).error();
  }
  const Json* const version = body.if_contains("version");
  if (version == nullptr)
    return invalid_field("/version", "\"version\" is missing: a version's id, or \"owner/name\"");
  if (!version->is_string()) return wrong_type("/version", "a string", *version);
  auto model = model_of_version(context, version->get_string());
  if (!model) return std::move(model).error();
  return predict(context, body, std::move(*model));
}

Result<Call> predict_model(const CallContext& context, JsonObject body) {
  if (auto known =
          only_known(body, "", {"input", "webhook", "webhook_completed", "webhook_events_filter", "stream"});
      !known) {
    return std::move(known).error();
  }
  auto model = model_at(context, context.path[0], context.path[1]);
  if (!model) return std::move(model).error();
  return predict(context, body, std::move(*model));
}

std::optional<RepeatRule> join_rule(const http::Headers&) {
  return RepeatRule::kBroken;
}

}  // namespace shunt::api::dialects::replicate
