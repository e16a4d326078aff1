#include "shunt/executor/admission.hpp"

namespace shunt::executor {

ExecutorChoice choose_executor(bool queue_enabled) {
  if (queue_enabled) return {Strategy::kQueue, {"queue", "queue_enabled"}};
  return {Strategy::kSync, {"sync", "queue_disabled"}};
}

}  // namespace shunt::executor
