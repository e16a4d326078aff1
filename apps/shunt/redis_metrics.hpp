#pragma once

#include <string>

#include "namespace.hpp"
#include "shunt/executor/generation_executor.hpp"

namespace shunt::app {

// What is known of a process's Redis, in Prometheus' text format: "" before the server has told anything.
[[nodiscard]] std::string redis_metrics_text(const executor::ServerStatus& server);

}  // namespace shunt::app
