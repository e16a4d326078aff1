#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// How the servers of models that have several stand in this process; "" where none has. Labels come from the
// configuration. Prometheus text format.
[[nodiscard]] std::string upstream_metrics_text(const ModelRegistry& models);

}  // namespace shunt::app
