// GET /admin/status: the whole service in one document, for people and `shunt status`.
#include "handlers.hpp"
#include "health_name.hpp"
#include "representation.hpp"
#include "shunt/base/json.hpp"

namespace shunt::api {
namespace {

boost::json::string_view view(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

double seconds_of(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

void put_time(JsonObject& into, std::string_view name, const std::optional<WallTime>& time) {
  if (time) into.emplace(view(name), format_rfc3339(*time));
}

// A key that may use some models only is told of those.
bool shows(const Key* key, std::string_view model) {
  return key == nullptr || key->may_use(model);
}

JsonArray models_of(const executor::ExecutorDescription& executor, const Key* key) {
  JsonArray models;
  for (const executor::ModelDescription& model : executor.models) {
    if (!shows(key, model.name)) continue;
    models.push_back(JsonObject{{"name", view(model.name)},
                                {"open", model.open},
                                {"waiting", model.waiting},
                                {"oldest_open_seconds", seconds_of(model.oldest_open_age)},
                                {"oldest_waiting_seconds", seconds_of(model.oldest_waiting_age)},
                                {"workers", model.workers},
                                {"slots", model.slots}});
  }
  return models;
}

JsonObject redis_of(const executor::ServerStatus& server, std::string_view url) {
  JsonObject redis{{"url", view(url)}, {"connected", server.connected}};
  put_time(redis, "since", server.since);
  if (!server.version.empty()) redis.emplace("version", view(server.version));
  if (!server.last_error.empty()) redis.emplace("last_error", view(server.last_error));
  put_time(redis, "last_error_at", server.last_error_at);
  return redis;
}

JsonObject worker_of(const executor::WorkerStatus& worker, const Key* key) {
  JsonArray models;
  for (const auto& model : worker.models) {
    if (!shows(key, model.name)) continue;
    models.push_back(JsonObject{{"name", view(model.name)}, {"slots", model.slots}});
  }
  JsonObject told{{"name", view(worker.name)},
                  {"process", view(worker.process)},
                  {"version", view(worker.version)},
                  {"models", std::move(models)},
                  {"running", worker.running}};
  put_time(told, "started_at", worker.started_at);
  put_time(told, "last_claim_at", worker.last_claim_at);
  return told;
}

JsonObject about(const ServiceAbout& service, const executor::ExecutorDescription& executor, const Key* key) {
  JsonArray roles;
  for (const std::string& role : service.roles) roles.emplace_back(view(role));
  JsonObject status{{"status", view(health_name(executor.health))}};
  if (!executor.reason.empty()) status.emplace("reason", view(executor.reason));
  status.emplace("version", view(service.version));
  status.emplace("started_at", format_rfc3339(service.started_at));
  status.emplace("uptime_seconds", seconds_of(system_clock().now() - service.started_at));
  status.emplace("roles", std::move(roles));
  status.emplace("strategy", JsonObject{{"mode", view(executor.mode)},
                                        {"executor", view(executor.name)},
                                        {"reason", view(service.strategy_reason)}});
  status.emplace("running", executor.running);
  status.emplace("waiting", executor.waiting);
  status.emplace("models", models_of(executor, key));
  return status;
}

}  // namespace

Task<void> report_status(Exchange& exchange) {
  if (!accepts(exchange, kJsonType)) co_return;
  auto pending = answer_of<Result<std::vector<executor::WorkerStatus>>>(
      exchange.client, [&](auto done) { exchange.service.executor.workers(std::move(done)); });
  const auto workers = co_await pending;
  const executor::ExecutorDescription executor = exchange.service.describe();
  const ServiceAbout& service = exchange.service.options.about;
  JsonObject status = about(service, executor, exchange.key);
  if (executor.server) {
    status.emplace("redis", redis_of(*executor.server, service.redis_url));
    JsonArray told;
    if (workers) {
      for (const auto& worker : *workers) told.push_back(worker_of(worker, exchange.key));
    } else {
      status.emplace("workers_error", view(workers.error().message));
    }
    status.emplace("workers", std::move(told));
  }
  exchange.response.set_json(200);
  exchange.response.add_header("Cache-Control", "no-store");
  append_json(exchange.response.body, status);
}

}  // namespace shunt::api
