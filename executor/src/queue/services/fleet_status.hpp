#pragma once

#include <optional>

#include "queue/services/health_probe.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// How models and workers stand at one moment. One thread: the loop's.
class FleetStatus {
 public:
  FleetStatus(QueueContext& context, const HealthProbe& probe) : context_(context), probe_(probe) {}

  // Whoever asks again within a tenth of a second gets the same answer, which says when it was true.
  bullmq::awaitable<Result<Fleet>> look();

 private:
  QueueContext& context_;
  const HealthProbe& probe_;
  std::optional<Fleet> last_;
  SteadyTime last_at_{};
};

}  // namespace shunt::executor
