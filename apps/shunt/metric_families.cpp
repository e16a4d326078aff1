#include "metric_families.hpp"

#include <prometheus/text_serializer.h>

#include <mutex>
#include <sstream>
#include <utility>

#include "shunt/generation/known_error_code.hpp"

namespace shunt::app {

const prometheus::Histogram::BucketBoundaries& generation_seconds() {
  static const prometheus::Histogram::BucketBoundaries seconds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
      1,      2.5,   5,      10,    30,   60,    120,  300, 600,  3600};
  return seconds;
}

prometheus::Family<prometheus::Counter>& counter_family(prometheus::Registry& registry, const char* name,
                                                        const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

prometheus::Family<prometheus::Histogram>& histogram_family(prometheus::Registry& registry, const char* name,
                                                            const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

GaugeReading::GaugeReading(const char* name, const char* help) {
  family_.name = name;
  family_.help = help;
  family_.type = prometheus::MetricType::Gauge;
}

GaugeReading& GaugeReading::add(double value, const prometheus::Labels& labels) {
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  metric.gauge.value = value;
  return *this;
}

CounterReading::CounterReading(const char* name, const char* help) {
  family_.name = name;
  family_.help = help;
  family_.type = prometheus::MetricType::Counter;
}

CounterReading& CounterReading::add(std::uint64_t value, const prometheus::Labels& labels) {
  prometheus::ClientMetric& metric = family_.metric.emplace_back();
  for (const auto& [name, text] : labels) metric.label.push_back({name, text});
  metric.counter.value = static_cast<double>(value);
  return *this;
}

std::string metrics_text(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

CountersByCode::CountersByCode(prometheus::Family<prometheus::Counter>& family, prometheus::Labels labels)
    : family_(family), labels_(std::move(labels)) {}

void CountersByCode::increment(std::string_view code) {
  // The word of another process, or of a program: as many labels as somebody likes.
  if (!is_known_error_code(code)) code = "other";
  if (prometheus::Counter* const known = find(code)) return known->Increment();
  prometheus::Labels labels = labels_;
  labels.emplace("code", code);
  // Same labels, same counter: two threads that meet here get one.
  prometheus::Counter& made = family_.Add(labels);
  made.Increment();
  const std::unique_lock lock(mutex_);
  by_code_.try_emplace(std::string(code), &made);
}

prometheus::Counter* CountersByCode::find(std::string_view code) {
  const std::shared_lock lock(mutex_);
  const auto found = by_code_.find(code);
  return found == by_code_.end() ? nullptr : found->second;
}

}  // namespace shunt::app
