#include "queue/services/queue_status.hpp"

#include <utility>

namespace shunt::executor {

void QueueStatus::connected() {
  const std::lock_guard lock(mutex_);
  server_.connected = true;
  server_.since = clock_.now();
}

void QueueStatus::disconnected(const std::string& why) {
  const std::lock_guard lock(mutex_);
  server_.connected = false;
  server_.since = clock_.now();
  server_.last_error = why;
  server_.last_error_at = clock_.now();
  degrade(why);
}

void QueueStatus::failed_to_connect(const std::string& why) {
  const std::lock_guard lock(mutex_);
  server_.last_error = why;
  server_.last_error_at = clock_.now();
  degrade(why);
}

void QueueStatus::refused(const std::string& why) {
  const std::lock_guard lock(mutex_);
  server_.last_error = why;
  server_.last_error_at = clock_.now();
  degrade("Redis does not take writes: " + why);
}

void QueueStatus::answered(std::vector<ModelDescription> seen) {
  const std::lock_guard lock(mutex_);
  health_ = Health::kReady;
  reason_.clear();
  models_ = std::move(seen);
  models_as_of_ = clock_.now();
}

std::string QueueStatus::learnt(const ServerFacts& facts) {
  const std::lock_guard lock(mutex_);
  server_.version = facts.version;
  return std::exchange(server_.eviction_policy, facts.eviction_policy);
}

void QueueStatus::degrade(std::string reason) {
  health_ = Health::kDegraded;
  reason_ = std::move(reason);
  models_.clear();
  models_as_of_.reset();
}

bool QueueStatus::is_ready() const {
  const std::lock_guard lock(mutex_);
  return health_ == Health::kReady;
}

std::string QueueStatus::reason() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

std::vector<ModelDescription> QueueStatus::models() const {
  const std::lock_guard lock(mutex_);
  return models_;
}

void QueueStatus::describe(ExecutorDescription& description) const {
  const std::lock_guard lock(mutex_);
  description.health = health_;
  description.reason = reason_;
  description.models = models_;
  description.redis = health_ == Health::kReady ? std::string("ready") : reason_;
  description.models_as_of = models_as_of_;
  description.server = server_;
  description.warnings = warnings();
}

std::vector<Warning> QueueStatus::warnings() const {
  std::vector<Warning> all;
  if (auto eviction = eviction_warning(server_.eviction_policy)) all.push_back(std::move(*eviction));
  for (const ModelDescription& model : models_) {
    if (model.served() || model.open == 0) continue;
    all.push_back({"no_worker_yet", "no worker has told that it runs the model \"" + model.name +
                                        "\": " + std::to_string(model.open) + " generations wait for one"});
  }
  return all;
}

}  // namespace shunt::executor
