#include "worker_metrics.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>

#include "failure_log.hpp"
#include "metric_families.hpp"

namespace shunt::app {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::Labels;

// How many generations share a call.
const Histogram::BucketBoundaries kBatches = {1, 2, 5, 10, 20, 50, 100, 200};

struct Families {
  explicit Families(prometheus::Registry& registry)
      : claims(counter_family(registry, "shunt_worker_claims_total", "Generations taken from the queue")),
        restarts(counter_family(registry, "shunt_worker_restarts_total",
                                "Claims of generations that a worker had begun before")),
        released(
            counter_family(registry, "shunt_worker_let_go_total",
                           "Jobs that it let go of without an end: lost, given_back, put_back, unreadable")),
        ended(counter_family(registry, "shunt_worker_generations_ended_total",
                             "Generations that this worker ended; code is the error of failed ones")),
        lock_failures(counter_family(registry, "shunt_worker_lock_renewal_failures_total",
                                     "Locks of generations that could not be renewed")),
        waited(histogram_family(registry, "shunt_worker_wait_seconds", "From admission to start")),
        ran(histogram_family(registry, "shunt_worker_run_seconds", "From start to the terminal state")),
        appends(counter_family(registry, "shunt_worker_log_appends_total",
                               "Calls that wrote events to Redis, by result")),
        append_bytes(counter_family(registry, "shunt_worker_log_append_bytes_total", "Events written")),
        append_batches(histogram_family(registry, "shunt_worker_log_append_batches",
                                        "Generations whose events shared a call")),
        append_seconds(
            histogram_family(registry, "shunt_worker_log_append_seconds", "Duration of such a call")) {}

  Family<Counter>& claims;
  Family<Counter>& restarts;
  Family<Counter>& released;
  Family<Counter>& ended;
  Family<Counter>& lock_failures;
  Family<Histogram>& waited;
  Family<Histogram>& ran;
  Family<Counter>& appends;
  Family<Counter>& append_bytes;
  Family<Histogram>& append_batches;
  Family<Histogram>& append_seconds;
};

Labels with(const std::string& model, const char* name, std::string_view value) {
  return {{"model", model}, {name, std::string(value)}};
}

Labels ended_without_code(const std::string& model, GenerationState state) {
  return {{"model", model}, {"state", std::string(to_string(state))}, {"code", ""}};
}

struct OfModel {
  OfModel(const Families& families, const std::string& model)
      : claims(families.claims.Add({{"model", model}})),
        restarts(families.restarts.Add({{"model", model}})),
        lost(families.released.Add(with(model, "how", "lost"))),
        given_back(families.released.Add(with(model, "how", "given_back"))),
        put_back(families.released.Add(with(model, "how", "put_back"))),
        unreadable(families.released.Add(with(model, "how", "unreadable"))),
        succeeded(families.ended.Add(ended_without_code(model, GenerationState::kSucceeded))),
        cancelled(families.ended.Add(ended_without_code(model, GenerationState::kCancelled))),
        failed(families.ended, with(model, "state", to_string(GenerationState::kFailed))),
        lock_failures(families.lock_failures.Add({{"model", model}})),
        waited(families.waited.Add({{"model", model}}, generation_seconds())),
        ran(families.ran.Add({{"model", model}}, generation_seconds())) {}

  Counter& claims;
  Counter& restarts;
  Counter& lost;
  Counter& given_back;
  Counter& put_back;
  Counter& unreadable;
  Counter& succeeded;
  Counter& cancelled;
  CountersByCode failed;
  Counter& lock_failures;
  Histogram& waited;
  Histogram& ran;
};

}  // namespace

struct WorkerMetrics::Impl {
  Impl(const ModelRegistry& known, const std::vector<std::string>& taken) {
    for (const auto& [name, model] : known.all()) {
      if (taken.empty() || std::find(taken.begin(), taken.end(), name) != taken.end()) (void)of(name);
    }
  }

  // A worker tells only of models that it takes. Rows stay when their models go, as counters must.
  OfModel& of(std::string_view model) {
    {
      const std::shared_lock lock(mutex);
      const auto found = models.find(model);
      if (found != models.end()) return found->second;
    }
    const std::unique_lock lock(mutex);
    const std::string name(model);
    return models.try_emplace(name, families, name).first->second;
  }

  prometheus::Registry registry;
  const Families families{registry};
  Counter& appended = families.appends.Add({{"result", "taken"}});
  Counter& not_appended = families.appends.Add({{"result", "failed"}});
  Counter& append_bytes = families.append_bytes.Add({});
  Histogram& append_batches = families.append_batches.Add({}, kBatches);
  Histogram& append_seconds = families.append_seconds.Add({}, generation_seconds());
  std::shared_mutex mutex;  // guards the map, whose rows stay
  std::map<std::string, OfModel, std::less<>> models;
};

WorkerMetrics::WorkerMetrics(const ModelRegistry& registry, const std::vector<std::string>& models)
    : impl_(std::make_unique<Impl>(registry, models)) {}
WorkerMetrics::~WorkerMetrics() = default;

void WorkerMetrics::claimed(std::string_view model, std::size_t attempt) {
  OfModel& row = impl_->of(model);
  row.claims.Increment();
  if (attempt > 1) row.restarts.Increment();
}

void WorkerMetrics::failed(const Failed& failure) {
  log_failure(log::Level::kInfo, failure.retried ? "worker.attempt_failed" : "worker.generation_failed",
              {.id = failure.id,
               .model = failure.model,
               .error = failure.error,
               .attempt = failure.attempt,
               .worker = failure.worker});
}

void WorkerMetrics::ended(const Ended& end) {
  OfModel& row = impl_->of(end.model);
  row.waited.Observe(in_seconds(end.waited));
  row.ran.Observe(in_seconds(end.ran));
  if (end.state == GenerationState::kFailed) return row.failed.increment(end.error_code);
  (end.state == GenerationState::kSucceeded ? row.succeeded : row.cancelled).Increment();
}

void WorkerMetrics::released(std::string_view model, Release how) {
  OfModel& row = impl_->of(model);
  switch (how) {
    case Release::kLost:
      return row.lost.Increment();
    case Release::kGivenBack:
      return row.given_back.Increment();
    case Release::kPutBack:
      return row.put_back.Increment();
    case Release::kUnreadable:
      return row.unreadable.Increment();
  }
}

void WorkerMetrics::appended(const Append& append) {
  (append.failed ? impl_->not_appended : impl_->appended).Increment();
  if (append.failed) return;
  impl_->append_bytes.Increment(static_cast<double>(append.bytes));
  impl_->append_batches.Observe(static_cast<double>(append.batches));
  impl_->append_seconds.Observe(in_seconds(append.took));
}

void WorkerMetrics::locks_not_renewed(std::string_view model, std::size_t count) {
  impl_->of(model).lock_failures.Increment(static_cast<double>(count));
}

std::string WorkerMetrics::text(const executor::WorkerDescription& worker) const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  GaugeReading running("shunt_worker_running", "Generations that this worker runs now");
  GaugeReading connected("shunt_worker_connected", "1 while the worker has its connection to Redis");
  families.push_back(running.add(static_cast<double>(worker.running)).family());
  families.push_back(connected.add(worker.connected ? 1 : 0).family());
  return metrics_text(families);
}

}  // namespace shunt::app
