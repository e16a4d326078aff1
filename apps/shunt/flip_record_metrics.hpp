#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/flip/flip_control.hpp"

namespace shunt::app {

// The flip as this process knows it, in Prometheus text format (docs/metrics/flip.md).
[[nodiscard]] std::string flip_record_metrics_text(const flip::FlipView& view);

}  // namespace shunt::app
