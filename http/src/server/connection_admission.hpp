#pragma once

#include <algorithm>
#include <cstddef>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// How full a server is when a connection comes.
struct ConnectionLoad {
  std::size_t taken = 0;    // connections that nobody told to go
  std::size_t limit = 1;    // server.max_connections
  bool waiting = false;     // one waits for its next request
  bool unfinished = false;  // one has begun a request and not yet sent all of its header
};

enum class ConnectionAdmission {
  kAdmit,
  kShedWaiting,     // close the one that has waited longest for its next request, and look again
  kShedUnfinished,  // close the one whose header has been overdue longest, and look again
  kProbesOnly,      // admit for /healthz and /readyz alone
  kTurnAway,
};

// Connections beyond the limit, so that probes get an answer when every other one has a request under way.
[[nodiscard]] constexpr std::size_t probe_reserve(std::size_t limit) noexcept {
  return std::clamp<std::size_t>(limit / 100, 4, 64);
}

// What becomes of a connection that comes. One with a request under way never has to go.
[[nodiscard]] constexpr ConnectionAdmission admit_connection(const ConnectionLoad& load) noexcept {
  if (load.taken < load.limit) return ConnectionAdmission::kAdmit;
  if (load.waiting) return ConnectionAdmission::kShedWaiting;
  if (load.unfinished) return ConnectionAdmission::kShedUnfinished;
  return load.taken < load.limit + probe_reserve(load.limit) ? ConnectionAdmission::kProbesOnly
                                                             : ConnectionAdmission::kTurnAway;
}

}  // namespace shunt::http
