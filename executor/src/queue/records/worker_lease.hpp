#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What a worker tells of itself while it lives.
using WorkerLease = WorkerStatus;

// What a lease tells. Lenient: another version may write it differently, and a worker that lives is worth
// showing all the same. Pure.
[[nodiscard]] WorkerLease decode_lease(const std::string& text);

// The leases of this process's worker. All functions throw bullmq::Error. One thread: the connection's.
class WorkerLeases {
 public:
  WorkerLeases(bullmq::Redis redis, const GenerationKeys& keys) : redis_(std::move(redis)), keys_(keys) {}

  // Write it anew every third of its duration; it expires by itself when its worker is gone.
  bullmq::awaitable<void> renew(WorkerLease lease, std::chrono::milliseconds duration, WallTime now);
  // Takes its models back, and nothing else.
  bullmq::awaitable<void> withdraw(WorkerLease lease);
  bullmq::awaitable<void> end(WorkerLease lease);

 private:
  bullmq::Redis redis_;
  GenerationKeys keys_;
};

}  // namespace shunt::executor
