#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/generation_keys.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/generation_executor.hpp"

namespace shunt::executor {

// What a worker tells of itself while it lives.
using WorkerLease = WorkerStatus;

// Written anew every third of its duration; it expires by itself when its worker is gone. Throws
// bullmq::Error.
bullmq::awaitable<void> renew_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease,
                                    std::chrono::milliseconds duration, WallTime now);
// Those that have not expired. Throws bullmq::Error.
bullmq::awaitable<std::vector<WorkerLease>> read_leases(bullmq::Redis redis, GenerationKeys keys,
                                                        WallTime now);
bullmq::awaitable<void> end_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease);

}  // namespace shunt::executor
