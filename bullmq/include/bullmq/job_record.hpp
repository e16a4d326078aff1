#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/job_options.hpp"

namespace bullmq {

// Where a job is. unknown: in no state, which is to say that there is no such job.
enum class JobState {
  unknown,
  waiting,
  active,
  delayed,
  prioritized,
  waiting_children,
  completed,
  failed,
  // Where the waiting jobs of a paused queue were kept before BullMQ 6; Queue::resume() empties it. Today
  // they stay in `waiting`.
  paused,
};

// "waiting", "waiting-children", ... as the other clients call them.
[[nodiscard]] std::string_view name_of(JobState state) noexcept;
// Throws ValidationError for a name that no state has. "wait" is "waiting".
[[nodiscard]] JobState job_state_from(std::string_view name);

// A job as it is stored. `data`, `return_value` and `progress` are JSON texts, never parsed by this library
// (bullmq/json.hpp turns them into values and back).
struct JobRecord {
  std::string id;
  std::string name;
  std::string data = "{}";
  JobOptions options;
  std::string progress = "0";
  Timestamp timestamp = 0;
  Milliseconds delay{0};
  std::int64_t priority = 0;
  // Counts those that were given back or moved by the processor, too.
  std::int64_t attempts_started = 0;
  // Those that ended in success or failure.
  std::int64_t attempts_made = 0;
  // How often its lock was lost.
  std::int64_t stalled_counter = 0;
  // When a worker took it last.
  std::optional<Timestamp> processed_on;
  std::optional<Timestamp> finished_on;
  // JSON; absent until the job has completed.
  std::optional<std::string> return_value;
  // Plain text.
  std::optional<std::string> failed_reason;
  // Set when the job has to fail without being run (it stalled too often, a child failed).
  std::optional<std::string> deferred_failure;
  // Of failed attempts, oldest first.
  std::vector<std::string> stacktrace;
  // The name of the worker that took it.
  std::optional<std::string> processed_by;
  // Of the job scheduler that made it.
  std::optional<std::string> repeat_job_key;
  std::optional<std::string> deduplication_id;
  // The key of the parent, and the parent as JSON.
  std::optional<std::string> parent_key;
  std::optional<std::string> parent;
};

}  // namespace bullmq
