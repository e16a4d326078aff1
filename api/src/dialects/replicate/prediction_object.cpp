#include "dialects/replicate/prediction_object.hpp"

#include <algorithm>

#include "dialects/replicate/model_names.hpp"
#include "representation/problem.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/base/percent_encoding.hpp"

namespace shunt::api::dialects::replicate {
namespace {

// A token is made anew with every answer; who keeps one may use it so long.
constexpr std::chrono::hours kTokenLife{24};
constexpr std::string_view kRoot = "/replicate/v1";

boost::json::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

void append_seconds(std::string& out, std::chrono::milliseconds time) {
  constexpr std::size_t kDecimals = 3;
  const auto ms = std::max<std::int64_t>(time.count(), 0);
  const std::string rest = std::to_string(ms % 1000);
  out += std::to_string(ms / 1000);
  out += '.';
  out.append(kDecimals - rest.size(), '0').append(rest);
}

void write_time(JsonObjectWriter& object, std::string_view name, const std::optional<WallTime>& time) {
  if (time) {
    object.time(name, *time);
  } else {
    object.begin(name) += "null";
  }
}

// One artifact is its URL, several are a list of them.
void append_artifacts(std::string& out, const GenerationRecord& record, const Links& links) {
  const bool several = record.artifacts.size() > 1;
  if (several) out += '[';
  for (const Artifact& artifact : record.artifacts) {
    if (&artifact != &record.artifacts.front()) out += ',';
    append_json_string(out, artifact_url(links, record.id, artifact.name));
  }
  if (several) out += ']';
}

// Text is a list of pieces, of which clients make one text, as Replicate's language models have it: here it
// is in one piece. Where there are artifacts beside, both are members of an object.
void append_output(std::string& out, const GenerationRecord& record, const Links& links) {
  const bool text = !record.text.empty();
  if (text && !record.artifacts.empty()) {
    JsonObjectWriter object(out);
    object.text("text", record.text);
    append_artifacts(object.begin("files"), record, links);
    object.close();
  } else if (text) {
    out += '[';
    append_json_string(out, record.text);
    out += ']';
  } else if (!record.artifacts.empty()) {
    append_artifacts(out, record, links);
  } else if (record.state == GenerationState::kSucceeded) {
    append_json(out, record.result);
  } else {
    out += "null";
  }
}

void write_input(JsonObjectWriter& object, const GenerationRequest* request, const Prediction& prediction) {
  JsonObjectWriter input = object.object("input");
  if (request != nullptr && request->input.is_object()) input.members(request->input.get_object());
  for (const auto& [member, url] : prediction.files) input.text(std::string_view(member), url);
  input.close();
}

void write_metrics(JsonObjectWriter& object, const GenerationRecord& record) {
  JsonObjectWriter metrics = object.object("metrics");
  if (record.finished_at) {
    if (record.started_at)
      append_seconds(metrics.begin("predict_time"), *record.finished_at - *record.started_at);
    append_seconds(metrics.begin("total_time"), *record.finished_at - record.created_at);
  }
  metrics.close();
}

void write_urls(JsonObjectWriter& object, const GenerationId& id, const Links& links) {
  const std::string text = id.to_string();
  const std::string root = links.base_url + std::string(kRoot);
  JsonObjectWriter urls = object.object("urls");
  urls.text("get", root + "/predictions/" + text);
  urls.text("cancel", root + "/predictions/" + text + "/cancel");
  urls.text("stream", root + "/streams/" + text +
                          "?token=" + links.urls->token(kStreamOperation, text, links.now + kTokenLife));
  urls.text("web", links.base_url + "/v1/generations/" + text);
  urls.close();
}

}  // namespace

JsonObject to_dialect(const Prediction& prediction) {
  JsonObject dialect{{"name", view(kFormName)},
                     {"version", view(prediction.version)},
                     {"base_url", view(prediction.base_url)}};
  if (!prediction.webhook.empty()) dialect.emplace("webhook", view(prediction.webhook));
  if (!prediction.webhook_events_filter.empty())
    dialect.emplace("webhook_events_filter", prediction.webhook_events_filter);
  if (prediction.cancel_after) dialect.emplace("cancel_after", true);
  if (!prediction.files.empty()) {
    JsonObject files;
    for (const auto& [member, url] : prediction.files) files.emplace(view(member), view(url));
    dialect.emplace("files", std::move(files));
  }
  return dialect;
}

Prediction from_dialect(const JsonObject& dialect) {
  Prediction prediction;
  if (text_in(dialect, "name") != kFormName) return prediction;
  prediction.version = text_in(dialect, "version");
  prediction.base_url = text_in(dialect, "base_url");
  prediction.webhook = text_in(dialect, "webhook");
  prediction.webhook_events_filter = array_in(dialect, "webhook_events_filter");
  prediction.cancel_after = is_true_in(dialect, "cancel_after");
  for (const auto& [member, url] : object_in(dialect, "files")) {
    if (url.is_string()) prediction.files.emplace(member, url.get_string());
  }
  return prediction;
}

Links links_of(const CallContext& context) {
  return {.base_url = context.base_url, .urls = context.urls, .now = context.now};
}

std::string artifact_url(const Links& links, const GenerationId& id, std::string_view name) {
  const std::string text = id.to_string();
  const std::string subject = text + '/' + std::string(name);
  return links.base_url + std::string(kRoot) + "/artifacts/" + text + '/' + percent_encoded(name) +
         "?token=" + links.urls->token(kArtifactOperation, subject, links.now + kTokenLife);
}

std::string webhook_body(const webhooks::Told& told, const UrlSigner& urls, WallTime now) {
  Links links{.base_url = {}, .urls = &urls, .now = now};
  if (told.request != nullptr) links.base_url = from_dialect(told.request->context.dialect).base_url;
  std::string body;
  append_prediction(body, {.record = told.record, .request = told.request, .logs = told.logs}, links);
  return body;
}

std::string_view status_of(const GenerationRecord& record, const Prediction& prediction) {
  switch (record.state) {
    case GenerationState::kQueued:
      return "starting";
    case GenerationState::kRunning:
      return "processing";
    case GenerationState::kSucceeded:
      return "succeeded";
    case GenerationState::kCancelled:
      return "canceled";
    case GenerationState::kFailed:
      break;
  }
  const bool cut =
      prediction.cancel_after && record.error && record.error->code == error_code::kDeadlineExceeded;
  if (!cut) return "failed";
  return record.started_at ? "canceled" : "aborted";
}

void append_prediction(std::string& out, const Shown& shown, const Links& links) {
  const GenerationRecord& record = shown.record;
  const Prediction prediction =
      shown.request == nullptr ? Prediction{} : from_dialect(shown.request->context.dialect);
  const bool hidden = shown.only_starting && !is_terminal(record.state);
  const std::string_view status = hidden ? "starting" : status_of(record, prediction);
  JsonObjectWriter object(out);
  object.text("id", record.id.to_string());
  object.text("model", place_of(record.model).text());
  object.text("version", prediction.version.empty() ? shown.version : prediction.version);
  object.text("status", status);
  write_input(object, shown.request, prediction);
  std::string& output = object.begin("output");
  if (hidden) {
    output += "null";
  } else {
    append_output(output, record, links);
  }
  if (status == "failed" && record.error) {
    object.text("error", record.error->message);
  } else {
    object.begin("error") += "null";
  }
  object.text("logs", hidden ? std::string_view() : shown.logs);
  write_metrics(object, record);
  object.time("created_at", record.created_at);
  write_time(object, "started_at", hidden ? std::nullopt : record.started_at);
  write_time(object, "completed_at", record.finished_at);
  write_time(object, "deadline", record.deadline);
  object.boolean("data_removed", shown.request == nullptr);
  object.text("source", "api");
  write_urls(object, record.id, links);
  if (!prediction.webhook.empty()) object.text("webhook", prediction.webhook);
  if (!prediction.webhook_events_filter.empty())
    object.json("webhook_events_filter", prediction.webhook_events_filter);
  object.close();
}

}  // namespace shunt::api::dialects::replicate
