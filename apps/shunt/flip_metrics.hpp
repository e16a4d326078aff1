#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/flip/flip_executor.hpp"

namespace shunt::app {

// What a process with the queue tells of it and of the decisions that it has taken, in Prometheus text
// format. docs/metrics/flip.md lists them. Any thread, no I/O.
[[nodiscard]] std::string flip_metrics_text(const flip::FlipExecutor& executor);

}  // namespace shunt::app
