#pragma once

#include <string>

#include "namespace.hpp"

namespace shunt::app {

// What /proc tells of this process; 0 where it does not.
struct ProcessFigures {
  double resident_bytes = 0;
  double open_descriptors = 0;
  double started_at = 0;  // seconds since the Unix epoch
};

[[nodiscard]] ProcessFigures read_process_figures();

// The same in Prometheus text format, by the names that client libraries use.
[[nodiscard]] std::string process_metrics_text();

}  // namespace shunt::app
