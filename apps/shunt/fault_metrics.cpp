#include "fault_metrics.hpp"

#include <vector>

#include "metric_families.hpp"

namespace shunt::app {

std::string fault_metrics_text(const FaultLog& faults) {
  CounterReading duties("shunt_duty_failures_total", "Periodic duties that failed, by reason");
  CounterReading places("shunt_faults_total", "Faults that were caught elsewhere, by reason");
  for (const FaultLog::Count& count : faults.counts()) {
    const bool duty = count.source == FaultLog::Source::kDuty;
    (duty ? duties : places)
        .add(count.count,
             {{duty ? "duty" : "where", count.name}, {"reason", std::string(to_string(count.kind))}});
  }
  std::vector<prometheus::MetricFamily> families;
  for (const CounterReading* each : {&duties, &places}) {
    if (!each->family().metric.empty()) families.push_back(each->family());
  }
  return metrics_text(families);
}

}  // namespace shunt::app
