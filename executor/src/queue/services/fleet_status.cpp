#include <algorithm>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "queue/records/server_facts.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

// Whoever asks again within this gets the same answer, which says when it was true.
constexpr std::chrono::milliseconds kFleetFresh{100};
// How often one model without a worker is named in the log.
constexpr std::chrono::minutes kUnservedLine{1};
// Of one round: each asks the server for all of its clients.
constexpr std::size_t kMostPlainLooks = 20;

}  // namespace

awaitable<Result<Fleet>> QueueCore::fleet() {
  const SteadyTime begun = clock.steady_now();
  if (fleet_ && begun - fleet_at_ < kFleetFresh) co_return *fleet_;
  std::optional<Error> failure;
  try {
    std::vector<std::string> names;
    for (const auto& [name, queue] : queues_) names.push_back(name);
    Result<Fleet> found = co_await records_.fleet(std::move(names));
    if (found) {
      for (ModelDescription& model : found->models) model.plain_workers = plain_workers_of(model.name);
      fleet_ = *found;
      fleet_at_ = begun;
    }
    co_return found;
  } catch (const std::exception& error) {
    note_caught(faults, "fleet");
    failure = cannot_look(error);
  }
  co_return std::move(*failure);
}

// A server that does not tell is none the worse for it.
awaitable<void> QueueCore::learn_server() {
  const ServerFacts facts = co_await read_server_facts(queries_);
  std::string before = facts.eviction_policy;
  {
    const std::lock_guard lock(health_mutex_);
    server_.version = facts.version;
    std::swap(server_.eviction_policy, before);
    server_.eviction_policy = facts.eviction_policy;
  }
  tell_policy(before, facts.eviction_policy);
}

// Workers that only know BullMQ have no lease, but a connection with the queue's name.
awaitable<void> QueueCore::look_for_plain_workers() {
  std::vector<std::string> without_lease;
  {
    const std::lock_guard lock(health_mutex_);
    for (const ModelDescription& model : models_seen_) {
      if (model.workers == 0) without_lease.push_back(model.name);
    }
  }
  const std::size_t looks = std::min(without_lease.size(), kMostPlainLooks);
  for (std::size_t i = 0; i < looks; ++i) {
    const std::string& name = without_lease[plain_look_++ % without_lease.size()];
    const std::int64_t found = co_await queues_.find(name)->second.workers_count();
    plain_workers_[name] = static_cast<std::size_t>(std::max<std::int64_t>(found, 0));
  }
}

std::size_t QueueCore::plain_workers_of(const std::string& model) const {
  const auto found = plain_workers_.find(model);
  return found == plain_workers_.end() ? 0 : found->second;
}

// What a submit tells its client, and the log whoever runs the service.
void QueueCore::note_unserved(const std::vector<ModelDescription>& seen) {
  const SteadyTime now = clock.steady_now();
  unserved_.clear();
  for (const ModelDescription& model : seen) {
    if (model.served()) {
      unserved_told_.erase(model.name);
      continue;
    }
    unserved_.insert(model.name);
    const auto told = unserved_told_.find(model.name);
    if (model.open == 0 || (told != unserved_told_.end() && now - told->second < kUnservedLine)) continue;
    unserved_told_[model.name] = now;
    log::warn("queue.no_worker_yet",
              {{"model", model.name},
               {"open", model.open},
               {"oldest_seconds", std::chrono::duration<double>(model.oldest_open_age).count()}});
  }
}

std::vector<Warning> QueueCore::warnings() const {
  std::vector<Warning> all;
  if (auto eviction = eviction_warning(server_.eviction_policy)) all.push_back(std::move(*eviction));
  for (const ModelDescription& model : models_seen_) {
    if (model.served() || model.open == 0) continue;
    all.push_back({"no_worker_yet", "no worker has told that it runs the model \"" + model.name +
                                        "\": " + std::to_string(model.open) + " generations wait for one"});
  }
  return all;
}

}  // namespace shunt::executor
