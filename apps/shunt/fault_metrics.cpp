#include "fault_metrics.hpp"

#include <prometheus/metric_family.h>

#include <vector>

#include "metric_families.hpp"

namespace shunt::app {
namespace {

prometheus::MetricFamily family_of(const char* name, const char* help) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Counter;
  return family;
}

}  // namespace

std::string fault_metrics_text(const FaultLog& faults) {
  prometheus::MetricFamily duties =
      family_of("shunt_duty_failures_total", "Periodic duties that failed, by reason");
  prometheus::MetricFamily places =
      family_of("shunt_faults_total", "Faults that were caught elsewhere, by reason");
  for (const FaultLog::Count& count : faults.counts()) {
    const bool duty = count.source == FaultLog::Source::kDuty;
    prometheus::ClientMetric metric;
    metric.label.push_back({duty ? "duty" : "where", count.name});
    metric.label.push_back({"reason", std::string(to_string(count.kind))});
    metric.counter.value = static_cast<double>(count.count);
    (duty ? duties : places).metric.push_back(std::move(metric));
  }
  std::vector<prometheus::MetricFamily> families;
  if (!duties.metric.empty()) families.push_back(std::move(duties));
  if (!places.metric.empty()) families.push_back(std::move(places));
  return metrics_text(families);
}

}  // namespace shunt::app
