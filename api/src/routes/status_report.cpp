// GET /admin/status: the whole service in one document, for people and `shunt status`.
#include <algorithm>

#include "representation/representation.hpp"
#include "routes/handlers.hpp"
#include "routes/health_words.hpp"
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

JsonArray models_of(const std::vector<executor::ModelDescription>& described, const Key* key) {
  JsonArray models;
  for (const executor::ModelDescription& model : described) {
    if (!shows(key, model.name)) continue;
    models.push_back(JsonObject{{"name", view(model.name)},
                                {"open", model.open},
                                {"waiting", model.waiting},
                                {"running", model.open - std::min(model.waiting, model.open)},
                                {"oldest_open_seconds", seconds_of(model.oldest_open_age)},
                                {"oldest_waiting_seconds", seconds_of(model.oldest_waiting_age)},
                                {"workers", model.workers},
                                {"plain_workers", model.plain_workers},
                                {"slots", model.slots}});
  }
  return models;
}

JsonObject redis_of(const executor::ServerStatus& server, std::string_view url) {
  JsonObject redis{{"url", view(url)}, {"connected", server.connected}};
  put_time(redis, "since", server.since);
  if (!server.version.empty()) redis.emplace("version", view(server.version));
  if (!server.eviction_policy.empty()) redis.emplace("eviction_policy", view(server.eviction_policy));
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
  JsonObject shown{{"name", view(worker.name)},
                   {"process", view(worker.process)},
                   {"version", view(worker.version)},
                   {"models", std::move(models)},
                   {"running", worker.running}};
  put_time(shown, "started_at", worker.started_at);
  put_time(shown, "last_claim_at", worker.last_claim_at);
  return shown;
}

// When the figures of models and workers were true; nothing where this process has them itself.
void put_age(JsonObject& status, const std::optional<WallTime>& as_of) {
  if (!as_of) return;
  put_time(status, "as_of", as_of);
  status.emplace("age_seconds",
                 seconds_of(std::max(system_clock().now() - *as_of, std::chrono::milliseconds(0))));
}

JsonObject memory_of(const MemoryBudget& memory) {
  JsonObject shares;
  for (std::size_t i = 0; i < kMemoryShares; ++i) {
    const auto share = static_cast<MemoryShare>(i);
    shares.emplace(view(to_string(share)),
                   JsonObject{{"bytes", memory.used(share)}, {"limit", memory.capacity(share)}});
  }
  return {{"limit", memory.limit()}, {"shares", std::move(shares)}};
}

JsonObject about(const ServiceAbout& service, const executor::ExecutorDescription& executor) {
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
  if (!executor.warnings.empty()) status.emplace("warnings", warnings_of(executor));
  return status;
}

}  // namespace

http::Task<void> report_status(Exchange& exchange) {
  if (!accepts(exchange, kJsonType)) co_return;
  auto pending = answer_of<Result<executor::Fleet>>(
      exchange.client, [&](auto done) { exchange.service.executor.fleet(std::move(done)); });
  const auto fleet = co_await pending;
  const executor::ExecutorDescription executor = exchange.service.describe();
  const ServiceAbout& service = exchange.service.options.about;
  JsonObject status = about(service, executor);
  // Looked at just now, all together; what the process knew before only where that cannot be done.
  status.emplace("models", models_of(fleet ? fleet->models : executor.models, exchange.key));
  put_age(status, fleet ? fleet->as_of : executor.models_as_of);
  status.emplace("memory", memory_of(exchange.service.memory));
  if (executor.server) {
    status.emplace("redis", redis_of(*executor.server, service.redis_url));
    JsonArray shown;
    if (fleet) {
      for (const auto& worker : fleet->workers) shown.push_back(worker_of(worker, exchange.key));
    } else {
      status.emplace("workers_error", view(fleet.error().message));
    }
    status.emplace("workers", std::move(shown));
  }
  exchange.response.set_json(200);
  exchange.response.add_header("Cache-Control", "no-store");
  append_json(exchange.response.body, status);
}

}  // namespace shunt::api
