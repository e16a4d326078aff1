#include "shunt/executor/admission.hpp"

namespace shunt::executor {

Result<ExecutorChoice> choose_executor(const QueueSwitch& queue) {
  if (!queue.enabled) return ExecutorChoice{Strategy::kSync, {"sync", "queue_disabled"}};
  return Error{
      "queue_unavailable",
      "QUEUE_ENABLED is true, but this build has no queue executor yet: set QUEUE_ENABLED=false (the "
      "default) to run generations in this process"};
}

}  // namespace shunt::executor
