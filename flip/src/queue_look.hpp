#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "shunt/base/clock.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/queue_down.hpp"

namespace shunt::flip {

// How each model's queue stands, from what the queue's executor tells of itself without I/O. It is asked now
// and then, not for each request. Any thread.
class QueueLook {
 public:
  QueueLook(const executor::GenerationExecutor& queue, const Clock& clock) : queue_(queue), clock_(clock) {}

  // nullopt: not known.
  [[nodiscard]] std::optional<QueueHealth> of(const std::string& model);

 private:
  const executor::GenerationExecutor& queue_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, QueueHealth, std::less<>> models_;
  std::optional<SteadyTime> looked_at_;
};

}  // namespace shunt::flip
