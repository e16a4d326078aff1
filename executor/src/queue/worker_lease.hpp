#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/generation_keys.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::executor {

// What a worker tells of itself while it lives.
struct WorkerLease {
  std::string process;
  std::string name;
  std::string version;
  struct Model {
    std::string name;
    std::size_t slots = 0;
  };
  std::vector<Model> models;
  WallTime started{};
  std::optional<WallTime> last_claim;
  std::size_t running = 0;
};

// Written anew every third of its duration; it expires by itself when its worker is gone. Throws
// bullmq::Error.
bullmq::awaitable<void> renew_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease,
                                    std::chrono::milliseconds duration, WallTime now);
bullmq::awaitable<void> end_lease(bullmq::Redis redis, GenerationKeys keys, WorkerLease lease);

}  // namespace shunt::executor
