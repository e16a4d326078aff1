#pragma once

#include <atomic>
#include <memory>

#include "shunt/base/memory_budget.hpp"
#include "shunt/http/namespace.hpp"
#include "shunt/http/server/connection_count.hpp"
#include "shunt/http/server/server_metrics.hpp"

namespace shunt::http {

// What every connection of a server shares. Outlives them all. Any thread.
struct ServerState {
  ServerMetrics& metrics;
  MemoryBudget& memory;
  // Shared: the last connection's end may let go of everything else.
  const std::shared_ptr<ConnectionCount> connections = std::make_shared<ConnectionCount>();
  const std::shared_ptr<AddressCounts> addresses = std::make_shared<AddressCounts>();
  // No new connections and no keep-alive.
  std::atomic<bool> draining{false};
  // Whoever waits gets its answer now.
  std::atomic<bool> leaving{false};
};

}  // namespace shunt::http
