#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "admission/live_settings.hpp"
#include "service/http_metrics.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/http/server/connection_count.hpp"
#include "surface/route_table.hpp"

namespace shunt::api {

// What every connection of a server shares. Outlives them all.
struct Service {
  const HttpServerOptions options;  // as the server began: what no reload changes
  executor::GenerationExecutor& executor;
  const ModelRegistry& models;
  const MetricsSource extra_metrics;
  const Surface surface;
  const std::string openapi;
  LiveSettingsSource live;
  HttpMetrics metrics;
  MemoryBudget& memory;
  // Shared: the last connection's end may let go of everything else.
  const std::shared_ptr<http::ConnectionCount> connections = std::make_shared<http::ConnectionCount>();
  const std::shared_ptr<http::AddressCounts> addresses = std::make_shared<http::AddressCounts>();
  // No new connections, no keep-alive, not ready.
  std::atomic<bool> draining{false};
  // Whoever waits gets its answer now: what has not ended goes on without this server.
  std::atomic<bool> leaving{false};

  // The executor's word, unless this server knows better.
  [[nodiscard]] executor::ExecutorDescription describe() const;
};

}  // namespace shunt::api
