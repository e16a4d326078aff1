#include "executor_metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <shared_mutex>
#include <sstream>
#include <utility>

#include "process_figures.hpp"
#include "shunt/base/log.hpp"

namespace shunt::app {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;

// From a simulated generation without delay to an hour of video.
const Histogram::BucketBoundaries kSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                              0.1,    0.25,  0.5,    1,     2.5,  5,     10,
                                              30,     60,    120,    300,   600,  3600};

Family<Counter>& counter_family(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}
Family<Histogram>& histogram_family(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}
Gauge& gauge(prometheus::Registry& registry, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

// The counters of one family that differ in their code only. They are made when a code first comes, and found
// without hashing all labels after that.
class CountersByCode {
 public:
  CountersByCode(Family<Counter>& family, Labels labels) : family_(family), labels_(std::move(labels)) {}

  void increment(std::string_view code) {
    if (Counter* const known = find(code)) return known->Increment();
    Labels labels = labels_;
    labels.emplace("code", code);
    // Same labels, same counter: two threads that meet here get one.
    Counter& made = family_.Add(labels);
    made.Increment();
    const std::unique_lock lock(mutex_);
    by_code_.try_emplace(std::string(code), &made);
  }

 private:
  Counter* find(std::string_view code) {
    const std::shared_lock lock(mutex_);
    const auto found = by_code_.find(code);
    return found == by_code_.end() ? nullptr : found->second;
  }

  Family<Counter>& family_;
  const Labels labels_;
  std::shared_mutex mutex_;
  std::map<std::string, Counter*, std::less<>> by_code_;
};

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
        refused(counter_family(registry, "shunt_generations_refused_total",
                               "Requests that an executor refused; model is empty when it is not known")),
        ended(counter_family(registry, "shunt_generations_ended_total",
                             "Generations that reached a terminal state; code is the error of failed ones")),
        waited(histogram_family(registry, "shunt_generation_wait_seconds", "From admission to start")),
        ran(histogram_family(registry, "shunt_generation_run_seconds", "From start to the terminal state")) {}

  Family<Counter>& admitted;
  Family<Counter>& refused;
  Family<Counter>& ended;
  Family<Histogram>& waited;
  Family<Histogram>& ran;
};

// What is counted of one model. All known models have theirs from the start, so that rates begin at zero.
struct OfModel {
  OfModel(const Families& families, const std::string& model, const std::string& path)
      : admitted(families.admitted.Add(labels_of(model, path))),
        succeeded(families.ended.Add(ended_without_code(model, path, GenerationState::kSucceeded))),
        cancelled(families.ended.Add(ended_without_code(model, path, GenerationState::kCancelled))),
        failed(families.ended, ended_labels(model, path, GenerationState::kFailed)),
        refused(families.refused, labels_of(model, path)),
        waited(families.waited.Add(labels_of(model, path), kSeconds)),
        ran(families.ran.Add(labels_of(model, path), kSeconds)) {}

  Counter& admitted;
  Counter& succeeded;
  Counter& cancelled;
  CountersByCode failed;
  CountersByCode refused;
  Histogram& waited;
  Histogram& ran;
};

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

struct ExecutorMetrics::Impl {
  Impl(const ModelRegistry& registered, const Admission& admission)
      : refused_unknown(families.refused, labels_of("", admission.executor)) {
    for (const auto& [name, model] : registered.all()) {
      models.try_emplace(name, families, name, admission.executor);
    }
    prometheus::BuildGauge()
        .Name("shunt_executor_info")
        .Help("Which executor runs generations, and why")
        .Register(registry)
        .Add({{"executor", admission.executor}, {"reason", admission.reason}})
        .Set(1);
  }

  OfModel* find(std::string_view model) {
    const auto found = models.find(model);
    return found == models.end() ? nullptr : &found->second;
  }

  prometheus::Registry registry;
  const Families families{registry};
  Gauge& running = gauge(registry, "shunt_generations_running", "Generations running now");
  Gauge& waiting = gauge(registry, "shunt_generations_waiting", "Generations waiting for a slot now");
  Gauge& resident = gauge(registry, "process_resident_memory_bytes", "Resident memory");
  Gauge& descriptors = gauge(registry, "process_open_fds", "Open file descriptors");
  Gauge& started = gauge(registry, "process_start_time_seconds", "Start of the process, Unix time");
  CountersByCode refused_unknown;
  std::map<std::string, OfModel, std::less<>> models;  // filled at construction, then read only
};

ExecutorMetrics::ExecutorMetrics(const ModelRegistry& models, const Admission& admission)
    : impl_(std::make_unique<Impl>(models, admission)) {}
ExecutorMetrics::~ExecutorMetrics() = default;

// A process has one executor, so the path is always the one that the counters were made with.
void ExecutorMetrics::admitted(std::string_view model, std::string_view) {
  if (OfModel* const row = impl_->find(model)) row->admitted.Increment();
}

void ExecutorMetrics::refused(std::string_view model, std::string_view, std::string_view code) {
  OfModel* const row = impl_->find(model);
  (row == nullptr ? impl_->refused_unknown : row->refused).increment(code);
}

void ExecutorMetrics::ended(const Ended& end) {
  if (end.state == GenerationState::kFailed) {
    log::info("generation.failed", {{"id", end.id}, {"model", end.model}, {"code", end.error_code}});
  }
  OfModel* const row = impl_->find(end.model);
  if (row == nullptr) return;
  row->waited.Observe(seconds(end.waited));
  row->ran.Observe(seconds(end.ran));
  if (end.state == GenerationState::kFailed) return row->failed.increment(end.error_code);
  (end.state == GenerationState::kSucceeded ? row->succeeded : row->cancelled).Increment();
}

std::string ExecutorMetrics::text(const executor::ExecutorDescription& executor) const {
  impl_->running.Set(static_cast<double>(executor.running));
  impl_->waiting.Set(static_cast<double>(executor.waiting));
  const ProcessFigures process = read_process_figures();
  impl_->resident.Set(process.resident_bytes);
  impl_->descriptors.Set(process.open_descriptors);
  impl_->started.Set(process.started_at);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, impl_->registry.Collect());
  return std::move(out).str();
}

}  // namespace shunt::app
