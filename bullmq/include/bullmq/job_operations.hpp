#pragma once

#include <cstdint>
#include <map>
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

// In which order lines or jobs are read.
enum class Order { ascending, descending };

// What becomes of a job's children when it is removed.
enum class Children { remove, keep };

// Whether Queue::drain removes the delayed jobs too.
enum class DelayedJobs { keep, remove };

// Whether a job's end takes the next job of the queue in the same step.
enum class FetchNext { no, yes };

// What Worker::get_next_job does when no job waits.
enum class WhenEmpty { wait, return_at_once };

// Whether Worker::pause waits for the jobs in process.
enum class ActiveJobs { wait, leave };

// Lines of a job's log.
struct JobLogs {
  std::vector<std::string> lines{};
  // It counts all lines, also those that were not asked for.
  std::int64_t count = 0;
};

// Whether a job that is put back to wait begins to count anew.
struct RetryOptions {
  bool reset_attempts_made = false;
  bool reset_attempts_started = false;
};

// The children of a job, by their keys ("<prefix>:<queue>:<id>").
struct JobDependencies {
  // They are the completed ones, with their return values (JSON).
  std::map<std::string, std::string> processed{};
  std::vector<std::string> unprocessed{};
  // They are failed ones that do not keep the parent waiting, with their reasons (plain text).
  std::map<std::string, std::string> ignored{};
  // They are failed ones that fail the parent.
  std::vector<std::string> failed{};
};

// How many children a job has of each kind.
struct JobDependenciesCount {
  std::int64_t processed = 0;
  std::int64_t unprocessed = 0;
  std::int64_t ignored = 0;
  std::int64_t failed = 0;
};

// What a job's priority becomes; see JobOptions for both.
struct ChangePriorityOptions {
  std::int64_t priority = 0;
  bool lifo = false;
};

}  // namespace bullmq
