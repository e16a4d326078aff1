#include "queue/services/health_probe.hpp"

#include <algorithm>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/server_facts.hpp"
#include "queue/runtime/shared_wake.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

// While all is well, and while it is not.
constexpr std::chrono::seconds kProbeInterval{2};
constexpr std::chrono::seconds kTroubledInterval{1};
// Every fault of a submit asks for a probe; Redis, which is in trouble then, gets so many and no more.
constexpr std::chrono::milliseconds kBetweenProbes{250};
constexpr std::chrono::seconds kServerInterval{10};
// How often one model without a worker is named in the log.
constexpr std::chrono::minutes kUnservedInterval{1};
// Bounds one round: each look asks the server for all of its clients.
constexpr std::size_t kMostPlainLooks = 20;

}  // namespace

void HealthProbe::start() {
  follow_connection();
  probing_ = run_when_due(
      context_.loop, context_.faults, "health", kBetweenProbes, [this] { return next_probe_; },
      [this] { return probe(); });
  learning_ = run_periodically(context_.loop, context_.faults, "server", kServerInterval,
                               [this] { return learn_server(); });
  looking_ = run_periodically(context_.loop, context_.faults, "plain_workers", kServerInterval,
                              [this] { return look_for_plain_workers(); });
}

void HealthProbe::stop() {
  subscriptions_.clear();
  probing_.stop();
  learning_.stop();
  looking_.stop();
}

void HealthProbe::follow_connection() {
  bullmq::Redis& connection = context_.submit_connection;
  subscriptions_.push_back(connection.on_up().subscribe([this] {
    status_.connected();
    probing_.run_now();
    learning_.run_now();
  }));
  subscriptions_.push_back(connection.on_error().subscribe(
      [this](const std::exception& error) { status_.failed_to_connect(words_of(error)); }));
  subscriptions_.push_back(
      connection.on_down().subscribe([this] { status_.disconnected("the connection to Redis was lost"); }));
}

void HealthProbe::doubt() {
  if (!status_.is_ready()) return;
  next_probe_ = context_.clock.steady_now();
  probing_.due_by(next_probe_);
}

bullmq::awaitable<void> HealthProbe::probe() {
  std::string problem;
  Result<std::vector<ModelDescription>> seen = Error{};
  try {
    std::vector<std::string> names = context_.model_names();
    seen = co_await context_.submit_records.probe_health(std::move(names));
    if (!seen) problem = seen.error().message;
  } catch (const std::exception& error) {
    note_caught(context_.faults, FaultLog::Source::kDuty, "health");
    problem = words_of(error);
  }
  if (problem.empty()) {
    for (ModelDescription& model : *seen) model.plain_workers = plain_workers_of(model.name);
    note_unserved(*seen);
    status_.answered(std::move(*seen));
  } else if (context_.submit_connection.is_up() || status_.is_ready()) {
    status_.refused(problem);
  }
  next_probe_ = next_turn(context_.clock.steady_now(), problem.empty() ? kProbeInterval : kTroubledInterval);
}

// A server that does not tell is none the worse for it.
bullmq::awaitable<void> HealthProbe::learn_server() {
  const ServerFacts facts = co_await read_server_facts(context_.query_connection);
  const std::string before = status_.learnt(facts);
  log_policy(before, facts.eviction_policy);
}

// Workers that only know BullMQ have no lease, but a connection with the queue's name.
bullmq::awaitable<void> HealthProbe::look_for_plain_workers() {
  std::vector<std::string> without_lease;
  for (const ModelDescription& model : status_.models()) {
    if (model.workers == 0) without_lease.push_back(model.name);
  }
  const std::size_t looks = std::min(without_lease.size(), kMostPlainLooks);
  for (std::size_t i = 0; i < looks; ++i) {
    const std::string& name = without_lease[plain_look_++ % without_lease.size()];
    bullmq::Queue queue = context_.queues.queue(context_.keys.queue(name));
    const std::int64_t found = co_await queue.workers_count();
    plain_workers_[name] = static_cast<std::size_t>(std::max<std::int64_t>(found, 0));
  }
}

std::size_t HealthProbe::plain_workers_of(const std::string& model) const {
  const auto found = plain_workers_.find(model);
  return found == plain_workers_.end() ? 0 : found->second;
}

// What a submit tells its client, and the log whoever runs the service.
void HealthProbe::note_unserved(const std::vector<ModelDescription>& seen) {
  const SteadyTime now = context_.clock.steady_now();
  unserved_.clear();
  for (const ModelDescription& model : seen) {
    if (model.served()) {
      unserved_logged_.erase(model.name);
      continue;
    }
    unserved_.insert(model.name);
    const auto logged = unserved_logged_.find(model.name);
    const bool lately = logged != unserved_logged_.end() && now - logged->second < kUnservedInterval;
    if (model.open == 0 || lately) continue;
    unserved_logged_[model.name] = now;
    log::warn("queue.no_worker_yet",
              {{"model", model.name},
               {"open", model.open},
               {"oldest_seconds", std::chrono::duration<double>(model.oldest_open_age).count()}});
  }
}

}  // namespace shunt::executor
