#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bullmq/text.hpp"

namespace bullmq {

// Milliseconds since the epoch, as everything in the queue counts time.
using Timestamp = std::int64_t;
using Milliseconds = std::chrono::milliseconds;

// What is kept of finished jobs. Applied when the next job of the same outcome finishes, so a quiet queue
// keeps more.
struct KeepJobs {
  // Jobs older than this are removed.
  std::optional<std::chrono::seconds> age{};
  // At most this many are kept; -1 keeps all, 0 removes at once.
  std::optional<std::int64_t> count{};
  // At most this many are removed for their age by one finished job (upstream's default: 1000).
  std::optional<std::int64_t> limit{};

  // Set by the named constructors, so that a job's stored options read as they would from any other client.
  enum class Form { object, boolean, number };
  Form form = Form::object;

  // Nothing is removed.
  [[nodiscard]] static KeepJobs all() { return {{}, -1, {}, Form::boolean}; }
  // Removed at once.
  [[nodiscard]] static KeepJobs none() { return {{}, 0, {}, Form::boolean}; }
  // The last `count` that finished.
  [[nodiscard]] static KeepJobs last(std::int64_t count) { return {{}, count, {}, Form::number}; }
  bool operator==(const KeepJobs&) const = default;
};

// How long a failed attempt waits before the next one.
struct Backoff {
  // "fixed", "exponential", or a name that WorkerOptions::backoff_strategy knows.
  Text type = "fixed";
  std::optional<Milliseconds> delay{};
  // This part of the delay is random, from 0 to 1.
  std::optional<double> jitter{};
  bool operator==(const Backoff&) const = default;
};

// Jobs with the same deduplication id become one.
struct Deduplication {
  Text id{};
  // They are one for this long; when it is absent, until the job is finished.
  std::optional<Milliseconds> ttl{};
  // Each further add starts ttl anew.
  std::optional<bool> extend{};
  // A further add replaces the job that is still delayed.
  std::optional<bool> replace{};
  // While one is active, the last that came is stored and added when it finishes.
  std::optional<bool> keep_last_if_active{};
  // A further add moves the delayed job to the new delay.
  std::optional<bool> reschedule{};
  bool operator==(const Deduplication&) const = default;
};

// The job that waits for this one.
struct Parent {
  Text id{};
  // The name of the parent's queue is qualified: "<prefix>:<queue>".
  Text queue{};
  bool operator==(const Parent&) const = default;
};

// Options of a job, by their names: JobOptions{.attempts = 3}. What is absent is not stored, as with the
// other clients.
struct JobOptions {
  // The queue numbers the job when this is absent or empty. An id that exists makes the add a duplicate. It
  // must not be an integer, and must not have a colon.
  std::optional<Text> job_id{};
  // The instant of the add, when this is absent.
  std::optional<Timestamp> timestamp{};
  // The job runs no earlier than this after the timestamp.
  std::optional<Milliseconds> delay{};
  // It goes from 0 (first come, before all that have a priority) to 2,097,151 (last).
  std::optional<std::int64_t> priority{};
  // The job goes in front of the waiting jobs instead of behind them.
  std::optional<bool> lifo{};
  // The job is tried this often in all.
  std::optional<std::int64_t> attempts{};
  std::optional<Backoff> backoff{};
  std::optional<KeepJobs> remove_on_complete{};
  std::optional<KeepJobs> remove_on_fail{};
  // At most this many lines of log are kept.
  std::optional<std::int64_t> keep_logs{};
  // At most this many stack traces are kept (the last ones).
  std::optional<std::int64_t> stack_trace_limit{};
  // The add is refused when the data is larger, in bytes.
  std::optional<std::int64_t> size_limit{};
  std::optional<Deduplication> deduplication{};

  std::optional<Parent> parent{};
  // They say what a failure of this job does to its parent; one of the four may be set.
  std::optional<bool> fail_parent_on_failure{};
  std::optional<bool> continue_parent_on_failure{};
  std::optional<bool> ignore_dependency_on_failure{};
  std::optional<bool> remove_dependency_on_failure{};

  // It is trace context that travels with the job.
  std::optional<Text> telemetry_metadata{};
  std::optional<bool> omit_telemetry_context{};

  // The options that this version does not know, as the text of a JSON object, are kept and stored as they
  // are.
  Text extra{};

  bool operator==(const JobOptions&) const = default;
};

// Options in the names and shapes of the npm package ({"attempts":3,"backoff":1000,...}), which are also
// those that jobs are stored with. Unknown members go to `extra`. Throws ValidationError that names the
// member and what was found. Times are whole here: JavaScript's fractions of a millisecond are refused (in
// jobs that other clients stored they are read as the next whole number).
[[nodiscard]] JobOptions job_options_from_json(std::string_view json);
// Writes options so. Absent ones are left out.
[[nodiscard]] std::string job_options_to_json(const JobOptions& options);

// `options` over `defaults`, member by member.
[[nodiscard]] JobOptions merge(const JobOptions& defaults, const JobOptions& options);

}  // namespace bullmq
