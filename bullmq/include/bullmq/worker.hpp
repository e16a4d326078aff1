#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/connection.hpp"
#include "bullmq/job.hpp"
#include "bullmq/processor.hpp"
#include "bullmq/signal.hpp"
#include "bullmq/worker_options.hpp"

namespace bullmq {

namespace detail {
class PoolProcessor;
}

// What a worker tells. Listeners run on the worker's thread.
struct WorkerEvents {
  Signal<> ready;
  Signal<const Job&> active;
  // The return value is JSON text.
  Signal<const Job&, std::string_view> completed;
  Signal<const Job&, const JobFailure&> failed;
  Signal<const Job&, std::string_view> progress;
  // It tells the ids of jobs that this worker put back because their lock was lost.
  Signal<std::string_view> stalled;
  // Nothing is left to take.
  Signal<> drained;
  Signal<> paused;
  Signal<> resumed;
  Signal<> closing;
  Signal<> closed;
  // It tells whatever went wrong outside of processors, exceptions of listeners included.
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
// drops everything: its active jobs run again elsewhere when their locks have expired. With a blocking
// processor it requests their stop and waits for the pool's threads, at most for cancel_grace. A thread that
// still runs then is left alone: the functions of its job throw ConnectionError, its result is ignored, and
// whatever else the processor uses has to outlive it.
class Worker {
 public:
  // `processor` is a coroutine, called on the executor (see Processor), or an ordinary function, called on a
  // pool of `concurrency` threads that the worker owns (see BlockingProcessor); what it returns may be JSON
  // text, a value, or nothing. Throws ValidationError for a bad name or bad options, and Error when the
  // system has no thread left for the locks.
  template <typename AnyProcessor>
    requires(!std::same_as<AnyProcessor, WorkerOptions>)
  Worker(Executor executor, std::string queue_name, AnyProcessor processor,
         WorkerOptions options = WorkerOptions())
      : Worker(std::move(executor), std::move(queue_name), detail::make_processor(std::move(processor)),
               std::move(options)) {}
  Worker(Executor executor, std::string queue_name, Processor processor,
         WorkerOptions options = WorkerOptions());
  Worker(Executor executor, std::string queue_name, BlockingProcessor processor,
         WorkerOptions options = WorkerOptions());
  // Makes a worker without a processor, for get_next_job.
  Worker(Executor executor, std::string queue_name, WorkerOptions options = WorkerOptions());
  ~Worker();
  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;

  [[nodiscard]] const std::string& name() const noexcept;
  // It is this worker's own, and the first part of its lock tokens.
  [[nodiscard]] const std::string& id() const noexcept;
  [[nodiscard]] const WorkerOptions& options() const noexcept;
  [[nodiscard]] WorkerEvents& events() noexcept;

  // Returns when both connections are there. Throws CommandTimeoutError after the command timeout.
  awaitable<void> wait_until_ready();
  // Processes jobs until pause() or close(). Throws ValidationError when it runs already, or without a
  // processor.
  awaitable<void> run();
  [[nodiscard]] bool is_running() const noexcept;
  [[nodiscard]] bool is_paused() const noexcept;

  [[nodiscard]] std::size_t concurrency() const noexcept;
  // Holds from the next fetch on; jobs in process go on. Throws ValidationError for 0.
  void set_concurrency(std::size_t concurrency);
  [[nodiscard]] std::size_t active_count() const noexcept;

  // Takes no more jobs; returns when those in process have ended, or at once with ActiveJobs::leave.
  awaitable<void> pause(ActiveJobs active = ActiveJobs::wait);
  void resume();

  // Requests the stop of a job that this worker processes; what becomes of it is the processor's decision.
  // Returns false when it does not process it.
  bool cancel_job(std::string_view job_id, std::string reason = std::string());
  void cancel_all_jobs(std::string reason = std::string());

  // Takes no more jobs and waits for those in process, at most for `deadline`; then cancels them and waits
  // for cancel_grace; then gives those that still run back to the front of the queue, lock released, so that
  // another worker takes them at once. What their processors return afterwards is ignored. Without a
  // deadline it waits without limit. It throws nothing but CancelledError, and closes all the same.
  awaitable<void> close(std::optional<Milliseconds> deadline = std::nullopt);

  // ---- By hand, instead of run(): finish the job with Job::move_to_completed or move_to_failed under the
  // same token.
  [[nodiscard]] awaitable<std::optional<Job>> get_next_job(std::string token,
                                                           WhenEmpty when_empty = WhenEmpty::wait);
  // Starts the looking for stalled jobs, which run() starts by itself.
  void start_stalled_check_timer();
  // Lets nobody take a job of this queue for that long; throw RateLimitError from the processor then.
  awaitable<void> rate_limit(Milliseconds duration);

  struct State;

 private:
  explicit Worker(std::shared_ptr<State> state) noexcept;
  Worker(Executor executor, std::string queue_name, std::shared_ptr<detail::PoolProcessor> pool,
         WorkerOptions options);

  std::shared_ptr<State> state_;
};

}  // namespace bullmq
