#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "namespace.hpp"

namespace shunt::app {

// The buckets of every time that a generation spends somewhere, in both modes: from a step in memory to an
// hour of video.
[[nodiscard]] const prometheus::Histogram::BucketBoundaries& generation_seconds();

[[nodiscard]] prometheus::Family<prometheus::Counter>& counter_family(prometheus::Registry& registry,
                                                                      const char* name, const char* help);
[[nodiscard]] prometheus::Family<prometheus::Histogram>& histogram_family(prometheus::Registry& registry,
                                                                          const char* name, const char* help);

// A gauge that is only known when it is asked for: its values are added, and what is not added is not shown.
class GaugeReading {
 public:
  GaugeReading(const char* name, const char* help);
  GaugeReading& add(double value, const prometheus::Labels& labels = {});
  [[nodiscard]] const prometheus::MetricFamily& family() const noexcept { return family_; }

 private:
  prometheus::MetricFamily family_;
};

// The same of a counter that somebody else keeps.
class CounterReading {
 public:
  CounterReading(const char* name, const char* help);
  CounterReading& add(std::uint64_t value, const prometheus::Labels& labels = {});
  [[nodiscard]] const prometheus::MetricFamily& family() const noexcept { return family_; }

 private:
  prometheus::MetricFamily family_;
};

// Prometheus text format.
[[nodiscard]] std::string metrics_text(const std::vector<prometheus::MetricFamily>& families);

[[nodiscard]] inline double in_seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// The counters of one family that differ in their code only. They are made when a code first comes, and found
// without hashing all labels after that. Any thread.
class CountersByCode {
 public:
  CountersByCode(prometheus::Family<prometheus::Counter>& family, prometheus::Labels labels);
  void increment(std::string_view code);

 private:
  prometheus::Counter* find(std::string_view code);

  prometheus::Family<prometheus::Counter>& family_;
  const prometheus::Labels labels_;
  std::shared_mutex mutex_;
  std::map<std::string, prometheus::Counter*, std::less<>> by_code_;
};

}  // namespace shunt::app
