#include "queue/worker_lease.hpp"

#include <utility>

#include "shunt/base/json.hpp"

namespace shunt::executor {
namespace {

std::string member_of(const WorkerLease& lease, const WorkerLease::Model& model) {
  return std::to_string(model.slots) + ':' + lease.process;
}

std::string to_json(const WorkerLease& lease) {
  JsonArray models;
  for (const auto& model : lease.models) {
    models.push_back(JsonObject{{"name", model.name}, {"slots", model.slots}});
  }
  JsonObject json{{"process", lease.process},
                  {"name", lease.name},
                  {"version", lease.version},
                  {"models", std::move(models)},
                  {"running", lease.running}};
  json["started_at"] = lease.started.time_since_epoch().count();
  if (lease.last_claim) json["last_claim_at"] = lease.last_claim->time_since_epoch().count();
  return to_json_text(json);
}

}  // namespace

bullmq::awaitable<void> renew_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease,
                                    std::chrono::milliseconds duration, WallTime now) {
  const std::string until = std::to_string((now + duration).time_since_epoch().count());
  const std::string past = std::to_string(now.time_since_epoch().count());
  for (const auto& model : lease.models) {
    const std::string key = keys.leases(model.name);
    std::vector<std::string> add{"ZADD", key, until, member_of(lease, model)};
    co_await redis.execute(std::move(add));
    std::vector<std::string> expire{"ZREMRANGEBYSCORE", key, "-inf", past};
    co_await redis.execute(std::move(expire));
  }
  std::vector<std::string> tell{"SET", keys.worker(lease.process), to_json(lease), "PX",
                                std::to_string(duration.count())};
  co_await redis.execute(std::move(tell));
  std::vector<std::string> list{"ZADD", keys.workers(), until, lease.process};
  co_await redis.execute(std::move(list));
  std::vector<std::string> expire{"ZREMRANGEBYSCORE", keys.workers(), "-inf", past};
  co_await redis.execute(std::move(expire));
}

bullmq::awaitable<void> end_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease) {
  for (const auto& model : lease.models) {
    std::vector<std::string> remove{"ZREM", keys.leases(model.name), member_of(lease, model)};
    co_await redis.execute(std::move(remove));
  }
  std::vector<std::string> forget{"DEL", keys.worker(lease.process)};
  co_await redis.execute(std::move(forget));
  std::vector<std::string> unlist{"ZREM", keys.workers(), lease.process};
  co_await redis.execute(std::move(unlist));
}

}  // namespace shunt::executor
