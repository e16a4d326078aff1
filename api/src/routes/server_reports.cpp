// Routes that answer from what the process knows, without an executor's call.
#include <algorithm>

#include "batches/batch_runner.hpp"
#include "representation/problem.hpp"
#include "routes/handlers.hpp"
#include "routes/health_words.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/executor/program_health.hpp"
#include "shunt/generation/drivers/openai.hpp"
#include "surface/openapi.hpp"

namespace shunt::api {
namespace {

boost::json::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

// What OpenAI's clients know of a model. When one was made is nowhere said.
JsonObject openai_model(const Model& model) {
  return {{"id", view(model.name)}, {"object", "model"}, {"created", 0}, {"owned_by", "shunt"}};
}

// Which calls of other APIs it answers, with where their values go.
JsonObject describe_calls(const ServedCalls& calls) {
  JsonObject described;
  for (const auto& [kind, call] : calls) {
    JsonObject members;
    for (const auto& [name, member] : call.members) members.emplace(view(name), view(member));
    described.emplace(view(to_string(kind)), std::move(members));
  }
  return described;
}

JsonObject describe_model(const Model& model) {
  JsonArray produces;
  for (const std::string& type : model.produces) produces.emplace_back(view(type));
  return {{"name", view(model.name)},
          {"driver", view(model.driver)},
          {"input_schema", model.input_rules.empty() ? Json(nullptr) : Json(model.input_rules.schema())},
          {"description", view(model.description)},
          {"text_field", model.text_field.empty() ? Json(nullptr) : Json(view(model.text_field))},
          {"produces", std::move(produces)},
          {"calls", describe_calls(model.calls)},
          {"concurrency", model.concurrency},
          {"max_waiting", model.max_waiting},
          {"timeout_ms", model.timeout.count()},
          {"on_disconnect", model.on_disconnect == OnDisconnect::kCancel ? "cancel" : "continue"}};
}

// How the servers of models that have several stand in this process.
JsonArray describe_upstreams(const ModelRegistry& models) {
  JsonArray all;
  for (const auto& [name, model] : models.all()) {
    for (const UpstreamStatus& upstream : upstreams_of(model->generator.get())) {
      all.push_back(JsonObject{{"model", view(name)},
                               {"upstream", view(upstream.name)},
                               {"state", view(upstream.state)},
                               {"running", upstream.running}});
    }
  }
  return all;
}

bool may_see(const Exchange& exchange, std::string_view model) {
  return exchange.key == nullptr || exchange.key->may_use(model);
}

}  // namespace

executor::ExecutorDescription Service::describe() const {
  executor::ExecutorDescription description = executor.describe();
  executor::add_program_health(models, description);
  if (state.draining.load() && description.health == executor::Health::kReady) {
    description.health = executor::Health::kDraining;
    description.reason = "the server accepts no more connections";
  }
  return description;
}

void list_models(Exchange& exchange) {
  JsonArray data;
  JsonArray models;
  for (const auto& [name, model] : exchange.service.models.all()) {
    if (!may_see(exchange, name)) continue;
    data.push_back(openai_model(*model));
    models.push_back(describe_model(*model));
  }
  exchange.response.set_json(200);
  append_json(exchange.response.body,
              JsonObject{{"object", "list"}, {"data", std::move(data)}, {"models", std::move(models)}});
}

// A model that the key may not use is not there.
void get_model(Exchange& exchange) {
  const std::string_view name = exchange.route.parameters[0];
  const auto model = exchange.service.models.find(name);
  if (model == nullptr || !may_see(exchange, name)) {
    JsonArray known;
    for (const auto& [each, described] : exchange.service.models.all()) {
      if (may_see(exchange, each)) known.emplace_back(view(each));
    }
    return set_problem(exchange.response,
                       Error{problem_code::kModelUnknown, "there is no model \"" + excerpt(name) + '"'}.with(
                           "known", std::move(known)));
  }
  exchange.response.set_json(200);
  JsonObject body = openai_model(*model);
  for (auto& [member, value] : describe_model(*model)) body.emplace(member, std::move(value));
  append_json(exchange.response.body, body);
}

void report_health(Exchange& exchange) {
  exchange.response.set_json(200);
  exchange.response.body = R"({"status":"ok"})";
}

void report_readiness(Exchange& exchange) {
  const executor::ExecutorDescription executor = exchange.service.describe();
  const bool ready = executor.health == executor::Health::kReady;
  exchange.response.set_json(ready ? 200 : 503);
  exchange.response.add_header("Cache-Control", "no-store");
  if (!exchange.tells_all) {
    // Reasons name addresses, and the models are the callers' business.
    append_json(exchange.response.body, JsonObject{{"status", view(health_name(executor.health))}});
    return;
  }
  JsonObject report{{"status", view(health_name(executor.health))},
                    {"executor", view(executor.name)},
                    {"mode", view(executor.mode)},
                    {"running", executor.running},
                    {"waiting", executor.waiting}};
  if (!ready) report.emplace("reason", view(executor.reason));
  if (!executor.redis.empty()) report.emplace("redis", view(executor.redis));
  // No reason to be unready: workers may start after the API, or with the first generation.
  JsonArray unserved;
  for (const auto& model : executor.models) {
    if (!model.served()) unserved.emplace_back(view(model.name));
  }
  if (!unserved.empty()) report.emplace("models_without_worker", std::move(unserved));
  if (JsonArray upstreams = describe_upstreams(exchange.service.models); !upstreams.empty()) {
    report.emplace("upstreams", std::move(upstreams));
  }
  if (!executor.warnings.empty()) report.emplace("warnings", warnings_of(executor));
  append_json(exchange.response.body, report);
}

void report_metrics(Exchange& exchange) {
  exchange.response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  exchange.response.body = exchange.service.metrics.text() + exchange.service.files.metrics_text();
  if (exchange.service.batches) exchange.response.body += exchange.service.batches->metrics_text();
  if (exchange.service.extra_metrics) exchange.response.body += exchange.service.extra_metrics();
}

void describe_api(Exchange& exchange) {
  exchange.response.set_json(200);
  const ModelSnapshot models = exchange.service.models.all();
  const auto hidden = [&](const auto& each) { return !may_see(exchange, each.first); };
  exchange.response.body =
      std::ranges::any_of(models, hidden)
          ? openapi_document(models, [&exchange](std::string_view name) { return may_see(exchange, name); })
          : *exchange.service.openapi.text();
}

void point_the_way(Exchange& exchange) {
  JsonObject paths{{"service", "shunt"}};
  for (const Route& route : routes()) {
    if (route.method != "GET" || !route.is_own() || !is_on(exchange.service.surface, route.id) ||
        route.id == RouteId::kRoot)
      continue;
    // What has a place in it is found from the list above it.
    if (route.path.find('{') == std::string_view::npos)
      paths.emplace(view(route.operation), view(route.path));
  }
  exchange.response.set_json(200);
  append_json(exchange.response.body, paths);
}

}  // namespace shunt::api
