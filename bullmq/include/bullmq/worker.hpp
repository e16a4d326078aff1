#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/connection.hpp"
#include "bullmq/connection_options.hpp"
#include "bullmq/job.hpp"
#include "bullmq/signal.hpp"

namespace bullmq {

// Does a job and returns its return value, a JSON text ("null" for nothing). An exception is a failure; some
// mean more, see error.hpp. `stop` is requested when the job is cancelled (cancel_job, its lock was lost, its
// time is up, the worker closes); so is a terminal Asio cancellation of the coroutine, so that a co_await in
// it ends with operation_aborted. A processor that wants to finish its waits all the same disables that
// (boost::asio::disable_cancellation) and looks at `stop`.
using Processor = std::function<awaitable<std::string>(Job job, std::stop_token stop)>;

// How a job failed, as it is stored.
struct JobFailure {
  std::string name = "Error";
  std::string message;
  std::string stack;
};

struct RateLimiter {
  // At most `max` jobs are taken in `duration`, by all workers of the queue together.
  std::int64_t max = 0;
  Milliseconds duration{0};
};

// ms until the next attempt; -1: fail now. `attempts_made` counts the one that has just failed.
using BackoffStrategy = std::function<std::int64_t(std::int64_t attempts_made, std::string_view type,
                                                   const JobFailure& failure, const Job& job)>;

struct WorkerOptions {
  ConnectionOptions connection;
  std::string prefix = "bull";
  // Shown by getWorkers of every client, and stored with each job that it takes.
  std::string name;
  // Jobs in process at a time.
  std::size_t concurrency = 1;
  // Begin at construction; otherwise with run().
  bool autorun = true;

  // A lock that is not renewed for this long is lost, and its job runs again.
  Milliseconds lock_duration{30'000};
  // Locks are renewed when this much of their time is gone; absent: half the duration.
  std::optional<Milliseconds> lock_renew_time;
  bool skip_lock_renewal = false;
  // How often jobs whose lock is lost are looked for (once for all workers of the queue).
  Milliseconds stalled_interval{30'000};
  bool skip_stalled_check = false;
  // A job that stalled more often fails.
  std::int64_t max_stalled_count = 1;
  // A job that was started more often fails; absent: no limit.
  std::optional<std::int64_t> max_started_attempts;

  // How long an idle worker waits in one blocking read.
  Milliseconds drain_delay{5'000};
  std::optional<RateLimiter> limiter;
  // Delayed jobs are looked at this often while the queue is rate limited.
  Milliseconds maximum_rate_limit_delay{30'000};
  // Pause before an operation that failed because of the connection is tried again. The official clients wait
  // 15 s; here the connection itself paces the attempts, and the worker goes on the moment that it is back.
  Milliseconds run_retry_delay{250};
  // Errors that repeat (WRONGTYPE, OOM) are retried with pauses that double up to this.
  Milliseconds max_error_pause{15'000};

  // For jobs that do not say it themselves.
  std::optional<KeepJobs> remove_on_complete;
  std::optional<KeepJobs> remove_on_fail;
  // Count finished jobs by the minute, for this many minutes; absent: not at all.
  std::optional<std::int64_t> metrics_max_data_points;
  BackoffStrategy backoff_strategy;

  // A job that runs longer is cancelled and fails with a reason that says so (a retry follows if attempts are
  // left); absent: no limit.
  std::optional<Milliseconds> job_timeout;
  // Cancel a job when its lock was lost: another worker has it, and what we do would be done twice.
  bool cancel_on_lost_lock = true;
  // After a cancellation at close() or a timeout, how long the processor may take to end.
  Milliseconds cancel_grace{1'000};
};

// What a worker tells. Listeners run on the worker's thread.
struct WorkerEvents {
  Signal<> ready;
  Signal<const Job&> active;
  // The return value is JSON text.
  Signal<const Job&, std::string_view> completed;
  Signal<const Job&, const JobFailure&> failed;
  Signal<const Job&, std::string_view> progress;
  // Ids of jobs that this worker put back because their lock was lost.
  Signal<std::string_view> stalled;
  // Nothing is left to take.
  Signal<> drained;
  Signal<> paused;
  Signal<> resumed;
  Signal<> closing;
  Signal<> closed;
  // Whatever went wrong outside of processors, exceptions of listeners included.
  Signal<const std::exception&> error;
  Signal<const std::vector<std::string>&> lock_renewal_failed;
  Signal<const std::vector<std::string>&> locks_renewed;
  // The connection broke; it is being made again.
  Signal<> connection_closed;
};

// Takes jobs of a queue and processes them.
//
// It has two connections, one of them for the blocking read that waits for work, and a thread with a third
// one that renews the locks: a processor that keeps the thread of the executor busy for minutes keeps its
// jobs. Not thread-safe: one thread or strand (see awaitable.hpp). Destroying a worker that was not closed
// drops everything: its active jobs run again elsewhere when their locks have expired.
class Worker {
 public:
  // Throws ValidationError for a bad name or bad options.
  Worker(Executor executor, std::string queue_name, Processor processor, WorkerOptions options = {});
  // Without a processor: for get_next_job.
  Worker(Executor executor, std::string queue_name, WorkerOptions options = {});
  ~Worker();
  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;

  [[nodiscard]] const std::string& name() const noexcept;
  // Of this worker, and the first part of its lock tokens.
  [[nodiscard]] const std::string& id() const noexcept;
  [[nodiscard]] const WorkerOptions& options() const noexcept;
  [[nodiscard]] WorkerEvents& events() noexcept;

  // Both connections are there. Throws CommandTimeoutError after the command timeout.
  awaitable<void> wait_until_ready();
  // Processes jobs until pause() or close(). Throws ValidationError when it runs already, or without a
  // processor.
  awaitable<void> run();
  [[nodiscard]] bool is_running() const noexcept;
  [[nodiscard]] bool is_paused() const noexcept;

  [[nodiscard]] std::size_t concurrency() const noexcept;
  // From the next fetch on; jobs in process go on. Throws ValidationError for 0.
  void set_concurrency(std::size_t concurrency);
  [[nodiscard]] std::size_t active_count() const noexcept;

  // Takes no more jobs; returns when those in process have ended, or at once with `do_not_wait_active`.
  awaitable<void> pause(bool do_not_wait_active = false);
  void resume();

  // Requests the stop of a job that this worker processes; what becomes of it is the processor's decision.
  // false: it does not process it.
  bool cancel_job(std::string_view job_id, std::string reason = {});
  void cancel_all_jobs(std::string reason = {});

  // Takes no more jobs and waits for those in process, at most for `deadline`; then cancels them and waits
  // for cancel_grace; then gives those that still run back to the front of the queue, lock released, so that
  // another worker takes them at once. What their processors return afterwards is ignored. Absent: waits
  // without limit. Never throws.
  awaitable<void> close(std::optional<Milliseconds> deadline = std::nullopt);

  // ---- By hand, instead of run(): finish the job with Job::move_to_completed or move_to_failed under the
  // same token.
  [[nodiscard]] awaitable<std::optional<Job>> get_next_job(std::string token, bool block = true);
  // The looking for stalled jobs, which run() starts by itself.
  void start_stalled_check_timer();
  // Nobody takes a job of this queue for that long; then throw RateLimitError from the processor.
  awaitable<void> rate_limit(Milliseconds duration);

  struct State;

 private:
  explicit Worker(std::shared_ptr<State> state) noexcept;

  std::shared_ptr<State> state_;
};

}  // namespace bullmq
