#pragma once

#include <string>

#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/envelope.hpp"

namespace shunt::executor {

enum class Strategy { kSync, kQueue };

struct ExecutorChoice {
  Strategy strategy = Strategy::kSync;
  Admission admission;  // stored with every generation
};

// The one place that chooses the executor. Pure: whether Redis can be reached does not matter here, so that a
// process starts whatever state it is in.
[[nodiscard]] ExecutorChoice choose_executor(bool queue_enabled);

}  // namespace shunt::executor
