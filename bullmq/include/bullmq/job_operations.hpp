#pragma once

#include <cstdint>
#include <string>
#include <vector>

// What operations on a job take and tell.
namespace bullmq {

// What an add did.
enum class AddOutcome {
  created,
  duplicate,     // a job with this id exists; it is the one that was returned, and nothing was stored
  deduplicated,  // a job holds this deduplication id; its id was returned
};

// Lines of a job's log.
struct JobLogs {
  std::vector<std::string> lines{};
  // Of all lines, also those that were not asked for.
  std::int64_t count = 0;
};

// Whether a job that is put back to wait begins to count anew.
struct RetryOptions {
  bool reset_attempts_made = false;
  bool reset_attempts_started = false;
};

// See JobOptions for both.
struct ChangePriorityOptions {
  std::int64_t priority = 0;
  bool lifo = false;
};

}  // namespace bullmq
