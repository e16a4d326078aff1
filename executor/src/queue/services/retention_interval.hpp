#pragma once

#include <chrono>

#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_options.hpp"

namespace shunt::executor {

// How often what is kept no longer is looked for: after the retention, and this once more, it is gone. Pure.
[[nodiscard]] std::chrono::milliseconds retention_interval(const QueueOptions& options);

}  // namespace shunt::executor
