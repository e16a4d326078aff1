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
  // It counts those that were given back or moved by the processor, too.
  std::int64_t attempts_started = 0;
  // It counts those that ended in success or failure.
  std::int64_t attempts_made = 0;
  // Its lock was lost this often.
  std::int64_t stalled_counter = 0;
  // A worker took it last at this instant.
  std::optional<Timestamp> processed_on;
  std::optional<Timestamp> finished_on;
  // It is JSON, and absent until the job has completed.
  std::optional<std::string> return_value;
  // It is plain text.
  std::optional<std::string> failed_reason;
  // It is set when the job has to fail without being run (it stalled too often, a child failed).
  std::optional<std::string> deferred_failure;
  // They are those of failed attempts, oldest first.
  std::vector<std::string> stacktrace;
  // It is the name of the worker that took the job.
  std::optional<std::string> processed_by;
  // It is the key of the job scheduler that made the job.
  std::optional<std::string> repeat_job_key;
  std::optional<std::string> deduplication_id;
  // They are the key of the parent, and the parent as JSON.
  std::optional<std::string> parent_key;
  std::optional<std::string> parent;
};

}  // namespace bullmq
