#include "executor_metrics.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <utility>

#include "failure_log.hpp"
#include "metric_families.hpp"

namespace shunt::app {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;
using prometheus::Labels;

Labels labels_of(const std::string& model, const std::string& path) {
  return {{"model", model}, {"path", path}};
}

Labels ended_labels(const std::string& model, const std::string& path, GenerationState state) {
  Labels labels = labels_of(model, path);
  labels.emplace("state", to_string(state));
  return labels;
}

Labels ended_without_code(const std::string& model, const std::string& path, GenerationState state) {
  Labels labels = ended_labels(model, path, state);
  labels.emplace("code", "");
  return labels;
}

struct Families {
  explicit Families(prometheus::Registry& registry)
      : admitted(counter_family(registry, "shunt_generations_admitted_total", "Generations accepted")),
        replayed(counter_family(registry, "shunt_generations_replayed_total",
                                "Requests whose idempotency key named a generation that exists")),
        refused(counter_family(registry, "shunt_generations_refused_total",
                               "Requests that an executor refused; model is empty when it is not known")),
        unknown(counter_family(registry, "shunt_generations_unknown_total",
                               "Requests of which it is not known whether the queue has taken them")),
        ended(counter_family(registry, "shunt_generations_ended_total",
                             "Generations that this process saw end; code is the error of failed ones")),
        admission(histogram_family(registry, "shunt_generation_admission_seconds",
                                   "From the call of submit to its outcome")),
        enqueue(histogram_family(registry, "shunt_generation_enqueue_seconds",
                                 "The part of admission that added the job to its queue")),
        waited(histogram_family(registry, "shunt_generation_wait_seconds", "From admission to start")),
        ran(histogram_family(registry, "shunt_generation_run_seconds", "From start to the terminal state")),
        hand_back(histogram_family(registry, "shunt_generation_handback_seconds",
                                   "From the terminal state to this process seeing it")),
        total(histogram_family(registry, "shunt_generation_total_seconds",
                               "From admission to this process seeing the terminal state")) {}

  Family<Counter>& admitted;
  Family<Counter>& replayed;
  Family<Counter>& refused;
  Family<Counter>& unknown;
  Family<Counter>& ended;
  Family<Histogram>& admission;
  Family<Histogram>& enqueue;
  Family<Histogram>& waited;
  Family<Histogram>& ran;
  Family<Histogram>& hand_back;
  Family<Histogram>& total;
};

// What is counted of one model. All known models have theirs as soon as they are known, so that rates begin
// at zero.
struct OfModel {
  OfModel(const Families& families, const std::string& model, const std::string& path)
      : admitted(families.admitted.Add(labels_of(model, path))),
        replayed(families.replayed.Add(labels_of(model, path))),
        succeeded(families.ended.Add(ended_without_code(model, path, GenerationState::kSucceeded))),
        cancelled(families.ended.Add(ended_without_code(model, path, GenerationState::kCancelled))),
        failed(families.ended, ended_labels(model, path, GenerationState::kFailed)),
        refused(families.refused, labels_of(model, path)),
        admission(families.admission.Add(labels_of(model, path), generation_seconds())),
        waited(families.waited.Add(labels_of(model, path), generation_seconds())),
        ran(families.ran.Add(labels_of(model, path), generation_seconds())),
        hand_back(families.hand_back.Add(labels_of(model, path), generation_seconds())),
        total(families.total.Add(labels_of(model, path), generation_seconds())) {
    if (path != "queue") return;
    unknown = &families.unknown.Add(labels_of(model, path));
    enqueue = &families.enqueue.Add(labels_of(model, path), generation_seconds());
  }

  Counter& admitted;
  Counter& replayed;
  Counter& succeeded;
  Counter& cancelled;
  CountersByCode failed;
  CountersByCode refused;
  Histogram& admission;
  Histogram& waited;
  Histogram& ran;
  Histogram& hand_back;
  Histogram& total;
  // These are there with a queue only.
  Counter* unknown = nullptr;
  Histogram* enqueue = nullptr;
};

// What the registry of sync generations could not do, or has found out; only where there is a queue.
class RegistryCounters {
 public:
  explicit RegistryCounters(prometheus::Registry& registry) {
    auto& family = counter_family(registry, "shunt_sync_registry_total",
                                  "What the registry of sync generations could not do, or has found out");
    for (const auto& [what, event] : kEvents) counters_.emplace(what, &family.Add({{"event", event}}));
  }
  void increment(executor::ExecutorObserver::Registry what) { counters_.at(what)->Increment(); }

 private:
  using What = executor::ExecutorObserver::Registry;
  static constexpr std::array<std::pair<What, const char*>, 6> kEvents{{
      {What::kLocal, "local"},
      {What::kAsyncRefused, "async_refused"},
      {What::kWeakClaim, "weak_claim"},
      {What::kDouble, "double"},
      {What::kInterrupted, "interrupted"},
      {What::kOvertaken, "overtaken"},
  }};
  std::map<What, Counter*> counters_;
};

}  // namespace

struct ExecutorMetrics::Impl {
  // What is counted of one path.
  struct OfPath {
    OfPath(const Families& all, std::string called)
        : families(all), path(std::move(called)), refused_unknown(families.refused, labels_of("", path)) {}
    // Rows stay when their models go, as counters must.
    void know(const ModelSnapshot& known) {
      const std::unique_lock lock(mutex);
      for (const auto& [name, model] : known) models.try_emplace(name, families, name, path);
    }
    [[nodiscard]] OfModel* find(std::string_view model) {
      const std::shared_lock lock(mutex);
      const auto found = models.find(model);
      return found == models.end() ? nullptr : &found->second;
    }
    const Families& families;
    const std::string path;
    CountersByCode refused_unknown;
    std::shared_mutex mutex;  // guards the map, whose rows stay
    std::map<std::string, OfModel, std::less<>> models;
  };

  Impl(const ModelRegistry& models, std::span<const std::string_view> known) : registered(models) {
    for (const std::string_view path : known)
      paths.try_emplace(std::string(path), families, std::string(path));
    know(models.all());
    following = models.follow([this] { know(registered.all()); });
    if (paths.contains("queue")) registry_counters.emplace(registry);
  }

  void know(const ModelSnapshot& models) {
    for (auto& [path, rows] : paths) rows.know(models);
  }
  [[nodiscard]] OfPath* find(std::string_view path) {
    const auto found = paths.find(path);
    return found == paths.end() ? nullptr : &found->second;
  }
  // A model that a reload has just added may be told of before its row is there.
  [[nodiscard]] OfModel* row_of(OfPath& path, std::string_view model) {
    if (OfModel* const row = path.find(model)) return row;
    if (registered.find(model) == nullptr) return nullptr;
    path.know(registered.all());
    return path.find(model);
  }

  prometheus::Registry registry;
  const Families families{registry};
  std::map<std::string, OfPath, std::less<>> paths;  // filled at construction, then read only
  std::optional<RegistryCounters> registry_counters;
  const ModelRegistry& registered;
  ModelRegistry::Follower following;  // the first to go
};

ExecutorMetrics::ExecutorMetrics(const ModelRegistry& models, std::span<const std::string_view> paths)
    : impl_(std::make_unique<Impl>(models, paths)) {}
ExecutorMetrics::~ExecutorMetrics() = default;

void ExecutorMetrics::submitted(const Submitted& request) {
  using Outcome = Submitted::Outcome;
  Impl::OfPath* const path = impl_->find(request.path);
  if (path == nullptr) return;
  OfModel* const row = impl_->row_of(*path, request.model);
  if (row == nullptr) return path->refused_unknown.increment(request.code);
  row->admission.Observe(in_seconds(request.took));
  if (row->enqueue != nullptr && request.enqueue.count() > 0) {
    row->enqueue->Observe(in_seconds(request.enqueue));
  }
  switch (request.outcome) {
    case Outcome::kAccepted:
      return row->admitted.Increment();
    case Outcome::kReplayed:
      return row->replayed.Increment();
    case Outcome::kRefused:
      return row->refused.increment(request.code);
    case Outcome::kUnknown:
      if (row->unknown != nullptr) row->unknown->Increment();
      return;
  }
}

void ExecutorMetrics::registry(Registry what) {
  if (impl_->registry_counters) impl_->registry_counters->increment(what);
}

void ExecutorMetrics::failed(const Failed& failure) {
  log_failure(log::Level::kInfo, "generation.failed",
              {.id = failure.id,
               .model = failure.model,
               .error = failure.error,
               .attempt = failure.attempt,
               .worker = failure.worker});
}

void ExecutorMetrics::ended(const Ended& end) {
  Impl::OfPath* const path = impl_->find(end.path);
  OfModel* const row = path == nullptr ? nullptr : impl_->row_of(*path, end.model);
  if (row == nullptr) return;
  row->waited.Observe(in_seconds(end.waited));
  row->ran.Observe(in_seconds(end.ran));
  const auto hand_back = end.hand_back.value_or(std::chrono::nanoseconds(0));
  if (end.hand_back) row->hand_back.Observe(in_seconds(hand_back));
  row->total.Observe(in_seconds(end.waited + end.ran + hand_back));
  if (end.state == GenerationState::kFailed) return row->failed.increment(end.error_code);
  (end.state == GenerationState::kSucceeded ? row->succeeded : row->cancelled).Increment();
}

std::string ExecutorMetrics::text(const executor::ExecutorDescription& executor,
                                  std::string_view reason) const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  GaugeReading info("shunt_executor_info", "Which executor runs generations, and why");
  info.add(1, {{"executor", executor.name}, {"reason", std::string(reason)}});
  GaugeReading running("shunt_generations_running", "Generations of this process running now");
  GaugeReading waiting("shunt_generations_waiting", "Generations of this process waiting now");
  families.push_back(info.family());
  families.push_back(running.add(static_cast<double>(executor.running)).family());
  families.push_back(waiting.add(static_cast<double>(executor.waiting)).family());
  return metrics_text(families);
}

}  // namespace shunt::app
