#pragma once

#include <string>

#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::executor {

enum class Strategy { kSync, kQueue };

// The switch, as central configuration says it. Nothing else in the project reads QUEUE_ENABLED or REDIS_URL.
struct QueueSwitch {
  bool enabled = false;   // QUEUE_ENABLED
  std::string redis_url;  // REDIS_URL; looked at only when enabled
};

struct ExecutorChoice {
  Strategy strategy = Strategy::kSync;
  Admission admission;  // stored with every generation
};

// The one place that chooses the executor. Pure. With the queue enabled this version fails with
// `queue_unavailable`, since it has no queue executor yet: refusing beats pretending.
[[nodiscard]] Result<ExecutorChoice> choose_executor(const QueueSwitch& queue);

}  // namespace shunt::executor
