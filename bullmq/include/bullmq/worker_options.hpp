#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "bullmq/connection_options.hpp"
#include "bullmq/job_options.hpp"
#include "bullmq/job_record.hpp"

namespace bullmq {

// How a job failed, as it is stored.
struct JobFailure {
  std::string name = "Error";
  std::string message{};
  std::string stack{};
};

// At most `max` jobs are taken in `duration`, by all workers of the queue together.
struct RateLimiter {
  std::int64_t max = 0;
  Milliseconds duration{0};
};

// ms until the next attempt; -1: fail now. `attempts_made` counts the one that has just failed.
using BackoffStrategy = std::function<std::int64_t(std::int64_t attempts_made, std::string_view type,
                                                   const JobFailure& failure, const JobRecord& job)>;

// How a worker connects, fetches, keeps its locks and gives up.
struct WorkerOptions {
  ConnectionOptions connection{};
  // In front of every key.
  std::string prefix = "bull";
  // Shown by getWorkers of every client, and stored with each job that it takes.
  std::string name{};
  // Jobs in process at a time.
  std::size_t concurrency = 1;
  // Jobs that end, and slots that want new ones, share calls of a script of this library's own, which leaves
  // in Redis what upstream's leave (docs/bullmq/fast-path.md); from Redis 6.2 on. false: a call of upstream's
  // script for each job.
  bool fast_path = true;
  // Begin at construction; otherwise with run().
  bool autorun = true;

  // A lock that is not renewed for this long is lost, and its job runs again.
  Milliseconds lock_duration{30'000};
  // Locks are renewed when this much of their time is gone; absent: half the duration.
  std::optional<Milliseconds> lock_renew_time{};
  bool skip_lock_renewal = false;
  // How often jobs whose lock is lost are looked for (once for all workers of the queue).
  Milliseconds stalled_interval{30'000};
  bool skip_stalled_check = false;
  // A job that stalled more often fails.
  std::int64_t max_stalled_count = 1;
  // A job that was started more often fails; absent: no limit.
  std::optional<std::int64_t> max_started_attempts{};

  // How long an idle worker waits in one blocking read.
  Milliseconds drain_delay{5'000};
  std::optional<RateLimiter> limiter{};
  // Delayed jobs are looked at this often while the queue is rate limited.
  Milliseconds maximum_rate_limit_delay{30'000};
  // Pause before an operation that failed because of the connection is tried again. The official clients wait
  // 15 s; here the connection itself paces the attempts, and the worker goes on the moment that it is back.
  Milliseconds run_retry_delay{250};
  // Errors that repeat (WRONGTYPE, OOM) are retried with pauses that double up to this.
  Milliseconds max_error_pause{15'000};

  // For jobs that do not say it themselves.
  std::optional<KeepJobs> remove_on_complete{};
  std::optional<KeepJobs> remove_on_fail{};
  // Count finished jobs by the minute, for this many minutes; absent: not at all.
  std::optional<std::int64_t> metrics_max_data_points{};
  BackoffStrategy backoff_strategy{};

  // A job that runs longer is cancelled and fails with a reason that says so (a retry follows if attempts are
  // left); absent: no limit.
  std::optional<Milliseconds> job_timeout{};
  // Cancel a job when its lock was lost: another worker has it, and what we do would be done twice.
  bool cancel_on_lost_lock = true;
  // After a cancellation at close() or a timeout, how long the processor may take to end.
  Milliseconds cancel_grace{1'000};
};

}  // namespace bullmq
