#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/generation_executor.hpp"

namespace shunt::executor {

// What a worker tells of itself while it lives.
using WorkerLease = WorkerStatus;

// Written anew every third of its duration; it expires by itself when its worker is gone. Throws
// bullmq::Error.
bullmq::awaitable<void> renew_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease,
                                    std::chrono::milliseconds duration, WallTime now);
// What a lease tells. Lenient: another version may write it differently, and a worker that lives is worth
// showing all the same. Pure.
[[nodiscard]] WorkerLease decode_lease(const std::string& text);
bullmq::awaitable<void> end_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease);

}  // namespace shunt::executor
