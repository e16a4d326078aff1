#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/blocking_client.hpp"
#include "bullmq/blocking_job.hpp"
#include "bullmq/blocking_processor.hpp"
#include "bullmq/worker_options.hpp"

namespace bullmq::blocking {

// What a worker tells; each may be empty. Called on the client's thread. See bullmq::WorkerEvents.
struct WorkerListeners {
  // Both connections are there.
  std::function<void()> ready;
  std::function<void(const Job& job)> active;
  // The return value is JSON text.
  std::function<void(const Job& job, std::string_view return_value)> completed;
  std::function<void(const Job& job, const JobFailure& failure)> failed;
  std::function<void(const Job& job, std::string_view progress)> progress;
  // A job that this worker put back because its lock was lost.
  std::function<void(std::string_view job_id)> stalled;
  // Nothing is left to take.
  std::function<void()> drained;
  std::function<void()> paused;
  std::function<void()> resumed;
  std::function<void()> closing;
  std::function<void()> closed;
  // Whatever went wrong outside of processors, exceptions of listeners included.
  std::function<void(const std::exception& error)> error;
  std::function<void(const std::vector<std::string>& job_ids)> lock_renewal_failed;
  std::function<void(const std::vector<std::string>& job_ids)> locks_renewed;
  // The connection broke; it is being made again.
  std::function<void()> connection_closed;
};

// Takes jobs of a queue and calls an ordinary function for each, on a pool of `concurrency` threads. See
// bullmq::Worker for connections and locks, BlockingProcessor for cancellation, Client for threads.
//
// A processor must not wait for its own worker: run(), pause() without do_not_wait_active and close() throw
// Error on the worker's pool threads.
class Worker {
 public:
  // Connections are the client's kind; options.connection is not used. Begins at once, unless
  // options.autorun is false. Throws ValidationError for a bad name or bad options.
  Worker(Client& client, std::string queue_name, BlockingProcessor processor,
         WorkerOptions options = WorkerOptions(), WorkerListeners listeners = WorkerListeners());
  // Without a processor: for get_next_job.
  Worker(Client& client, std::string queue_name, WorkerOptions options = WorkerOptions(),
         WorkerListeners listeners = WorkerListeners());
  // As close(0 ms): the active jobs are cancelled, and given back to the queue if they do not end within
  // cancel_grace. Threads of processors that still run then are left alone; what those use has to outlive
  // them. On the client's thread or one of the pool, it does not wait for any of this.
  ~Worker();
  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;

  [[nodiscard]] const std::string& name() const noexcept;
  // Of this worker, and the first part of its lock tokens.
  [[nodiscard]] const std::string& id() const noexcept;

  // Both connections are there. Throws CommandTimeoutError after the command timeout.
  void wait_until_ready();
  // Processes jobs, and returns after pause() or close(), when those in process have ended. Throws
  // ValidationError when it runs already (autorun), or without a processor.
  void run();
  [[nodiscard]] bool is_running();
  [[nodiscard]] bool is_paused();

  [[nodiscard]] std::size_t concurrency();
  // From the next fetch on; jobs in process go on. Threads come and go with it. Throws ValidationError for 0.
  void set_concurrency(std::size_t concurrency);
  [[nodiscard]] std::size_t active_count();

  // Takes no more jobs; returns when those in process have ended, or at once with `do_not_wait_active`.
  void pause(bool do_not_wait_active = false);
  void resume();

  // Requests the stop of a job that this worker processes. false: it does not process it.
  bool cancel_job(std::string job_id, std::string reason = {});
  void cancel_all_jobs(std::string reason = {});

  // Takes no more jobs and waits for those in process, at most for `deadline`; then cancels them and waits
  // for cancel_grace; then gives those that still run back to the front of the queue, lock released, so that
  // another worker takes them at once. Absent: waits without limit. Never throws but for the wrong thread.
  void close(std::optional<Milliseconds> deadline = std::nullopt);

  // ---- By hand, instead of run(): finish the job with Job::move_to_completed or move_to_failed.
  [[nodiscard]] std::optional<Job> get_next_job(std::string token, bool block = true);
  // The looking for stalled jobs, which run() starts by itself.
  void start_stalled_check_timer();
  // Nobody takes a job of this queue for that long; then throw RateLimitError from the processor.
  void rate_limit(Milliseconds duration);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::blocking
