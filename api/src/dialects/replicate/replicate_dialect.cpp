#include "dialects/replicate/replicate_dialect.hpp"

#include <array>

#include "dialects/replicate/list_cursor.hpp"
#include "dialects/replicate/model_names.hpp"
#include "dialects/replicate/model_object.hpp"
#include "dialects/replicate/prediction_call.hpp"
#include "dialects/replicate/prediction_object.hpp"
#include "dialects/replicate/prediction_rendering.hpp"
#include "dialects/replicate/replicate_error.hpp"
#include "dialects/replicate/replicate_files.hpp"
#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api::dialects::replicate {
namespace {

constexpr std::array<std::string_view, 1> kPrefixes{"/replicate/v1"};
constexpr std::size_t kPage = 100;

std::optional<GenerationId> id_of(std::string_view path) {
  return GenerationId::parse(path);
}

Error unknown_parameter(std::string_view name) {
  return Error{problem_code::kInvalidParameter,
               "the query parameter \"" + excerpt(name) + "\" is not known here"}
      .with("parameter", excerpt(name));
}

std::string version_of_record(const CallContext& context, const GenerationRecord& record) {
  const auto model = context.find_model(record.model);
  return model ? version_of(**model) : std::string();
}

Result<endpoint::Show::Wanted> read_show_query(const CallContext& context) {
  const auto parameters = http::parse_query(context.target.query());
  if (!parameters) return parameters.error();
  if (!parameters->empty()) return unknown_parameter(parameters->front().first);
  return endpoint::Show::Wanted{};
}

std::unique_ptr<Rendering> show_prediction(const CallContext& context, const Stored& stored,
                                           const endpoint::Show::Wanted&) {
  return std::make_unique<PredictionRendering>(links_of(context), version_of_record(context, stored.record),
                                               PredictionRendering::Answers::kShow);
}

// The token is there: the request would not have come so far.
Result<endpoint::Show::Wanted> read_stream_query(const CallContext& context) {
  endpoint::Show::Wanted wanted{.streams = true};
  const auto parameters = http::parse_query(context.target.query());
  if (!parameters) return parameters.error();
  for (const auto& [name, value] : *parameters) {
    if (name != "token") return unknown_parameter(name);
  }
  const std::string_view last = context.request.headers.get("Last-Event-ID");
  if (last.empty()) return wanted;
  const auto after = http::parse_unsigned(last);
  if (!after) {
    return Error{problem_code::kInvalidHeader,
                 "Last-Event-ID must be the id of an event of this stream, not \"" + excerpt(last) + '"'}
        .with("header", std::string("Last-Event-ID"));
  }
  wanted.after = *after;
  return wanted;
}

std::unique_ptr<Rendering> stream_prediction(const CallContext& context, const Stored& stored,
                                             const endpoint::Show::Wanted& wanted) {
  return std::make_unique<StreamRendering>(links_of(context), stored.record.id, wanted.after);
}

std::optional<Error> nothing_forbids(const Stored&) {
  return std::nullopt;
}

void append_stored(std::string& out, const CallContext& context, const Stored& stored) {
  const std::string version = version_of_record(context, stored.record);
  append_prediction(out, {.record = stored.record, .request = stored.request, .version = version},
                    links_of(context));
}

void answer_cancelled(http::Response& response, const CallContext& context, const Stored& stored) {
  response.set_json(200);
  append_stored(response.body, context, stored);
}

Result<ListCursor> cursor_of(const CallContext& context) {
  const auto parameters = http::parse_query(context.target.query());
  if (!parameters) return parameters.error();
  for (const auto& [name, value] : *parameters) {
    if (name != "cursor") return unknown_parameter(name);
    auto cursor = ListCursor::parse(value);
    if (!cursor) {
      return Error{
          problem_code::kInvalidParameter,
          "\"cursor\" must be as the list's `next` and `previous` have it, not \"" + excerpt(value) + '"'}
          .with("parameter", std::string("cursor"));
    }
    return std::move(*cursor);
  }
  return ListCursor();
}

Result<endpoint::List::Wanted> read_list_query(const CallContext& context) {
  const auto cursor = cursor_of(context);
  if (!cursor) return cursor.error();
  endpoint::List::Wanted wanted;
  wanted.limit = kPage;
  wanted.before = cursor->before();
  return wanted;
}

std::string page_url(const std::string& list, const ListCursor& cursor) {
  return cursor.is_first() ? list : list + "?cursor=" + cursor.text();
}

void answer_list(http::Response& response, const CallContext& context, std::span<const Stored> page,
                 const std::optional<GenerationId>& next) {
  const std::string list = context.base_url + "/replicate/v1/predictions";
  response.set_json(200);
  JsonObjectWriter object(response.body);
  // It was read before the list was.
  const ListCursor cursor = *cursor_of(context);
  if (cursor.is_first()) {
    object.begin("previous") += "null";
  } else {
    object.text("previous", page_url(list, cursor.previous()));
  }
  if (next) {
    object.text("next", page_url(list, cursor.next(*next)));
  } else {
    object.begin("next") += "null";
  }
  std::string& results = object.begin("results");
  results += '[';
  for (const Stored& stored : page) {
    if (results.back() != '[') results += ',';
    append_stored(results, context, stored);
  }
  results += ']';
  object.close();
}

Result<void> tell_account(http::Response& response, const CallContext& context,
                          std::span<const std::shared_ptr<const Model>>) {
  constexpr std::string_view kKeyPrefix = "key:";
  std::string_view name = context.caller;
  if (name.starts_with(kKeyPrefix)) name.remove_prefix(kKeyPrefix.size());
  if (name.empty()) name = kOwner;
  response.set_json(200);
  JsonObjectWriter account(response.body);
  account.text("type", "organization");
  account.text("username", name);
  account.text("name", name);
  account.begin("github_url") += "null";
  account.close();
  return {};
}

Result<void> tell_webhook_secret(http::Response& response, const CallContext& context,
                                 std::span<const std::shared_ptr<const Model>>) {
  const auto secret = context.webhook_secret();
  if (!secret) return secret.error();
  response.set_json(200);
  response.add_header("Cache-Control", "no-store");
  JsonObjectWriter object(response.body);
  object.text("key", *secret);
  object.close();
  return {};
}

endpoint::Run run_of(Result<Call> (*make_call)(const CallContext&, JsonObject)) {
  return {.make_call = make_call, .join = join_rule};
}

}  // namespace

Dialect dialect() {
  static const std::array kRows{
      Row{"POST", "/predictions", "replicatePredict", "Run a version", run_of(predict_version)},
      Row{"POST", "/models/{owner}/{name}/predictions", "replicatePredictModel", "Run a model",
          run_of(predict_model)},
      Row{"POST", "/deployments/{owner}/{name}/predictions", "replicatePredictDeployment", "Run a deployment",
          run_of(predict_model)},
      Row{"GET", "/predictions", "replicateListPredictions", "List predictions, newest first",
          endpoint::List{read_list_query, answer_list}},
      Row{"GET", "/predictions/{id}", "replicateGetPrediction", "Get a prediction as it stands",
          endpoint::Show{id_of, read_show_query, show_prediction}},
      Row{"POST", "/predictions/{id}/cancel", "replicateCancel", "Ask a prediction to stop",
          endpoint::Cancel{id_of, nothing_forbids, answer_cancelled}},
      Row{"GET", "/streams/{id}", kStreamOperation, "Follow a prediction's output",
          endpoint::Show{id_of, read_stream_query, stream_prediction}, OpenedBy::kToken},
      Row{"GET", "/artifacts/{id}/{name}", kArtifactOperation, "Get a file that a prediction has made",
          endpoint::ShowArtifact{}, OpenedBy::kToken},
      Row{"GET", "/models", "replicateListModels", "List models", endpoint::Tell{list_models}},
      Row{"QUERY", "/models", "replicateSearchModels", "Search models",
          endpoint::Tell{search_models, BodyUse::kText}},
      Row{"GET", "/models/{owner}/{name}", "replicateGetModel", "Get a model", endpoint::Tell{show_model}},
      Row{"GET", "/models/{owner}/{name}/versions", "replicateListVersions", "List a model's versions",
          endpoint::Tell{list_versions}},
      Row{"GET", "/models/{owner}/{name}/versions/{version}", "replicateGetVersion", "Get a model's version",
          endpoint::Tell{show_version}},
      Row{"POST", "/files", "replicateCreateFile", "Upload a file", upload_file()},
      Row{"GET", "/files", "replicateListFiles", "List files", list_files()},
      Row{"GET", "/files/{id}", "replicateGetFile", "Get what is known of a file", show_file()},
      Row{"DELETE", "/files/{id}", "replicateDeleteFile", "Remove a file", remove_file()},
      Row{"GET", "/account", "replicateAccount", "Whose API key it is", endpoint::Tell{tell_account}},
      Row{"GET", "/webhooks/default/secret", "replicateWebhookSecret", "What webhooks are signed with",
          endpoint::Tell{tell_webhook_secret}},
  };
  return {.name = kFormName, .prefixes = kPrefixes, .rows = kRows, .write_error = write_error};
}

}  // namespace shunt::api::dialects::replicate
