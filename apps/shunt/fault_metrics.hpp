#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/base/fault_log.hpp"

namespace shunt::app {

// What has been caught so far, in Prometheus' text format; docs/metrics.md tells what to do about it.
[[nodiscard]] std::string fault_metrics_text(const FaultLog& faults);

}  // namespace shunt::app
