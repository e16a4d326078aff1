#pragma once

#include <algorithm>
#include <chrono>

#include "shunt/base/error.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/generation_record.hpp"

namespace shunt::executor {

// A generation without a job after this long has none any more: between its admission and its add there is
// none yet, and whoever takes a lost one over has had the time.
[[nodiscard]] inline std::chrono::milliseconds missing_after(const QueueOptions& options) {
  return std::max<std::chrono::milliseconds>(4 * options.enqueue_deadline, std::chrono::seconds(1));
}

// In the words of sync mode, whoever notices it.
[[nodiscard]] Error deadline_exceeded(const GenerationRecord& record);

}  // namespace shunt::executor
