#pragma once

#include <atomic>
#include <string>

#include "http_metrics.hpp"
#include "key_ring.hpp"
#include "route_table.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/base/memory_budget.hpp"

namespace shunt::api {

// What every connection of a server shares. Outlives them all.
struct Service {
  const HttpServerOptions options;
  executor::GenerationExecutor& executor;
  const ModelRegistry& models;
  const MetricsSource extra_metrics;
  const Surface surface;
  const std::string openapi;
  KeyRing keys;
  HttpMetrics metrics;
  MemoryBudget& memory;
  // No new connections, no keep-alive, not ready.
  std::atomic<bool> draining{false};
  // Whoever waits gets its answer now: what has not ended goes on without this server.
  std::atomic<bool> leaving{false};

  // The executor's word, unless this server knows better.
  [[nodiscard]] executor::ExecutorDescription describe() const;
};

}  // namespace shunt::api
