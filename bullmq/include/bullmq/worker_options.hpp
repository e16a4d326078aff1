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

// It returns how many ms pass until the next attempt, or -1 to fail the job now. `attempts_made` counts the
// one that has just failed.
using BackoffStrategy = std::function<std::int64_t(std::int64_t attempts_made, std::string_view type,
                                                   const JobFailure& failure, const JobRecord& job)>;

// How a worker connects, fetches, keeps its locks and gives up.
struct WorkerOptions {
  ConnectionOptions connection{};
  // It stands in front of every key.
  std::string prefix = "bull";
  // getWorkers of every client shows it, and it is stored with each job that the worker takes.
  std::string name{};
  // At most this many jobs are in process at a time.
  std::size_t concurrency = 1;
  // Jobs that end, and slots that want new ones, share calls of a script of this library's own, which leaves
  // in Redis what upstream's leave (docs/bullmq/fast-path.md); from Redis 6.2 on. Without it each job
  // is a call of upstream's script.
  bool fast_path = true;
  // The worker begins at its construction; otherwise it begins with run().
  bool autorun = true;

  // A lock that is not renewed for this long is lost, and its job runs again.
  Milliseconds lock_duration{30'000};
  // Locks are renewed when this much of their time is gone; when this is absent, half of it.
  std::optional<Milliseconds> lock_renew_time{};
  bool skip_lock_renewal = false;
  // Jobs whose lock is lost are looked for this often, once for all workers of the queue.
  Milliseconds stalled_interval{30'000};
  bool skip_stalled_check = false;
  // A job that stalled more often fails.
  std::int64_t max_stalled_count = 1;
  // A job that was started more often fails; when this is absent, there is no limit.
  std::optional<std::int64_t> max_started_attempts{};

  // An idle worker waits this long in one blocking read.
  Milliseconds drain_delay{5'000};
  std::optional<RateLimiter> limiter{};
  // Delayed jobs are looked at this often while the queue is rate limited.
  Milliseconds maximum_rate_limit_delay{30'000};
  // An operation that failed because of the connection is tried again after this pause. The official clients
  // wait 15 s; here the connection itself paces the attempts, and the worker goes on the moment that it is
  // back.
  Milliseconds run_retry_delay{250};
  // Errors that repeat (WRONGTYPE, OOM) are retried with pauses that double up to this.
  Milliseconds max_error_pause{15'000};

  // What is kept of jobs that do not say it themselves.
  std::optional<KeepJobs> remove_on_complete{};
  std::optional<KeepJobs> remove_on_fail{};
  // Finished jobs are counted by the minute, for this many minutes; when this is absent, they are not.
  std::optional<std::int64_t> metrics_max_data_points{};
  BackoffStrategy backoff_strategy{};

  // A job that runs longer is cancelled and fails with a reason that says so (a retry follows if attempts are
  // left); when this is absent, there is no limit.
  std::optional<Milliseconds> job_timeout{};
  // A job whose lock was lost is cancelled: another worker has it, and what we do would be done twice.
  bool cancel_on_lost_lock = true;
  // A processor may take this long to end after its cancellation at close() or a timeout.
  Milliseconds cancel_grace{1'000};
};

}  // namespace bullmq
