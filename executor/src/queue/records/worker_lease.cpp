#include "queue/records/worker_lease.hpp"

#include <algorithm>
#include <utility>

#include "queue/records/generation_scripts.hpp"
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
  json["started_at"] = lease.started_at.time_since_epoch().count();
  json["envelope"] = lease.envelope;
  json["begins"] = lease.begins;
  if (lease.last_claim_at) json["last_claim_at"] = lease.last_claim_at->time_since_epoch().count();
  return to_json_text(json);
}

// What is shown of a lease is bounded, whoever wrote it.
constexpr std::size_t kMostModels = 1'000;
constexpr std::size_t kLongestName = 256;
constexpr std::int64_t kMostRunning = 1'000'000;
constexpr std::int64_t kLatestMs = 253'402'300'799'999;  // the year 9999

std::string text_in(const JsonObject& json, std::string_view key) {
  const Json* value = json.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  const std::string_view text = value->get_string();
  return to_valid_utf8(text.substr(0, kLongestName));
}

std::int64_t number_in(const JsonObject& json, std::string_view key, std::int64_t most) {
  const Json* value = json.if_contains(key);
  if (value == nullptr || !value->is_int64()) return 0;
  return std::clamp<std::int64_t>(value->get_int64(), 0, most);
}

}  // namespace

WorkerLease decode_lease(const std::string& text) {
  WorkerLease lease;
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return lease;
  const JsonObject& object = json->get_object();
  lease.process = text_in(object, "process");
  lease.name = text_in(object, "name");
  lease.version = text_in(object, "version");
  lease.running = static_cast<std::size_t>(number_in(object, "running", kMostRunning));
  lease.started_at = WallTime(std::chrono::milliseconds(number_in(object, "started_at", kLatestMs)));
  if (const auto at = number_in(object, "last_claim_at", kLatestMs); at > 0)
    lease.last_claim_at = WallTime(std::chrono::milliseconds(at));
  // What is not told is as it was before it could be.
  lease.envelope =
      static_cast<std::size_t>(std::max<std::int64_t>(number_in(object, "envelope", kMostRunning), 1));
  const Json* begins = object.if_contains("begins");
  lease.begins = begins != nullptr && begins->is_bool() && begins->get_bool();
  if (const Json* count = object.if_contains("max_stalled_count"); count != nullptr && count->is_int64())
    lease.max_stalled_count = static_cast<std::size_t>(number_in(object, "max_stalled_count", kMostRunning));
  const Json* models = object.if_contains("models");
  if (models == nullptr || !models->is_array()) return lease;
  for (const Json& model : models->get_array()) {
    if (!model.is_object() || lease.models.size() >= kMostModels) continue;
    const JsonObject& entry = model.get_object();
    lease.models.push_back(
        {text_in(entry, "name"), static_cast<std::size_t>(number_in(entry, "slots", kMostRunning))});
  }
  return lease;
}

bool keeps_to(const WorkerStatus& worker, OnLost on_lost) noexcept {
  if (on_lost == OnLost::kRerun) return true;
  const bool fenced = worker.begins || worker.max_stalled_count == std::size_t{0};
  return fenced && worker.envelope >= static_cast<std::size_t>(kEnvelopeVersionOfOnLost);
}

bullmq::awaitable<void> WorkerLeases::renew(WorkerLease lease, std::chrono::milliseconds duration,
                                            WallTime now) {
  std::vector<std::string> arguments{lease.process, std::to_string(now.time_since_epoch().count()),
                                     std::to_string(duration.count()), to_json(lease)};
  for (const auto& model : lease.models) {
    arguments.push_back(model.name);
    arguments.push_back(member_of(lease, model));
  }
  std::vector<std::string> script_keys = keys_.of_scripts();
  bullmq::CommandOptions options;
  options.idempotent = true;
  (void)co_await redis_.run(scripts::renew_worker(), std::move(script_keys), std::move(arguments), options);
}

bullmq::awaitable<void> WorkerLeases::withdraw(WorkerLease lease) {
  for (const auto& model : lease.models) {
    std::vector<std::string> remove{"ZREM", keys_.leases(model.name), member_of(lease, model)};
    co_await redis_.execute(std::move(remove));
  }
}

bullmq::awaitable<void> WorkerLeases::end(WorkerLease lease) {
  co_await withdraw(lease);
  std::vector<std::string> forget{"DEL", keys_.worker(lease.process)};
  co_await redis_.execute(std::move(forget));
  std::vector<std::string> unlist{"ZREM", keys_.workers(), lease.process};
  co_await redis_.execute(std::move(unlist));
}

}  // namespace shunt::executor
