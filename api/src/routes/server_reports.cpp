// Routes that answer from what the process knows, without an executor's call.
#include "routes/handlers.hpp"
#include "routes/health_words.hpp"
#include "shunt/base/json.hpp"
#include "shunt/executor/program_health.hpp"

namespace shunt::api {
namespace {

boost::json::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

JsonObject describe_model(const Model& model) {
  JsonArray produces;
  for (const std::string& type : model.produces) produces.emplace_back(view(type));
  return {{"name", view(model.name)},
          {"driver", view(model.driver)},
          {"description", view(model.description)},
          {"text_field", model.text_field.empty() ? Json(nullptr) : Json(view(model.text_field))},
          {"produces", std::move(produces)},
          {"concurrency", model.concurrency},
          {"max_waiting", model.max_waiting},
          {"timeout_ms", model.timeout.count()},
          {"on_disconnect", model.on_disconnect == OnDisconnect::kCancel ? "cancel" : "continue"}};
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
  JsonArray models;
  for (const auto& [name, model] : exchange.service.models.all()) {
    if (exchange.key == nullptr || exchange.key->may_use(name)) models.push_back(describe_model(model));
  }
  exchange.response.set_json(200);
  append_json(exchange.response.body, JsonObject{{"models", std::move(models)}});
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
  if (!executor.warnings.empty()) report.emplace("warnings", warnings_of(executor));
  append_json(exchange.response.body, report);
}

void report_metrics(Exchange& exchange) {
  exchange.response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  exchange.response.body = exchange.service.metrics.text();
  if (exchange.service.extra_metrics) exchange.response.body += exchange.service.extra_metrics();
}

void describe_api(Exchange& exchange) {
  exchange.response.set_json(200);
  exchange.response.body = exchange.service.openapi;
}

void point_the_way(Exchange& exchange) {
  JsonObject paths{{"service", "shunt"}};
  for (const Route& route : routes()) {
    if (route.method != "GET" || !is_on(exchange.service.surface, route.id) || route.id == RouteId::kRoot)
      continue;
    // What has a place in it is found from the list above it.
    if (route.path.find('{') == std::string_view::npos)
      paths.emplace(view(route.operation), view(route.path));
  }
  exchange.response.set_json(200);
  append_json(exchange.response.body, paths);
}

}  // namespace shunt::api
