#pragma once

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/blocking_client.hpp"
#include "bullmq/blocking_job.hpp"
#include "bullmq/blocking_processor.hpp"
#include "bullmq/job_operations.hpp"
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

// bullmq::Worker (worker.hpp) for threads that may block: it calls an ordinary function for each job, on a
// pool of `concurrency` threads. Each function does what its namesake there does, and returns when that is
// done. See BlockingProcessor for cancellation, Client for threads.
//
// A processor must not wait for its own worker: run(), pause() without ActiveJobs::leave and close() throw
// Error on the worker's pool threads.
class Worker {
 public:
  // Connections are the client's kind; options.connection is not used. It begins at once, unless
  // options.autorun is false. `processor` returns JSON text, a value, or nothing (see BlockingProcessor).
  // Throws as bullmq::Worker does.
  template <typename AnyProcessor>
    requires(!std::same_as<AnyProcessor, WorkerOptions>)
  Worker(Client& client, std::string queue_name, AnyProcessor processor,
         WorkerOptions options = WorkerOptions(), WorkerListeners listeners = WorkerListeners())
      : Worker(client, std::move(queue_name), bullmq::detail::make_blocking_processor(std::move(processor)),
               std::move(options), std::move(listeners)) {}
  Worker(Client& client, std::string queue_name, BlockingProcessor processor,
         WorkerOptions options = WorkerOptions(), WorkerListeners listeners = WorkerListeners());
  // This worker has no processor: jobs are taken by get_next_job.
  Worker(Client& client, std::string queue_name, WorkerOptions options = WorkerOptions(),
         WorkerListeners listeners = WorkerListeners());
  // Closes as close(0 ms) does. Threads of processors that still run after cancel_grace are left alone; what
  // those use has to outlive them. On the client's thread or one of the pool, it does not wait for any of
  // this.
  ~Worker();
  Worker(Worker&&) noexcept;
  Worker& operator=(Worker&&) noexcept;

  // See bullmq::Worker::name.
  [[nodiscard]] const std::string& name() const noexcept;
  // See bullmq::Worker::id.
  [[nodiscard]] const std::string& id() const noexcept;

  // See bullmq::Worker::wait_until_ready.
  void wait_until_ready();
  // See bullmq::Worker::run. It returns after pause() or close(), when the jobs in process have ended.
  void run();
  // See bullmq::Worker::is_running.
  [[nodiscard]] bool is_running();
  // See bullmq::Worker::is_paused.
  [[nodiscard]] bool is_paused();

  // See bullmq::Worker::concurrency.
  [[nodiscard]] std::size_t concurrency();
  // See bullmq::Worker::set_concurrency. Threads come and go with it.
  void set_concurrency(std::size_t concurrency);
  // See bullmq::Worker::active_count.
  [[nodiscard]] std::size_t active_count();

  // See bullmq::Worker::pause.
  void pause(ActiveJobs active = ActiveJobs::wait);
  // See bullmq::Worker::resume.
  void resume();

  // See bullmq::Worker::cancel_job.
  bool cancel_job(std::string job_id, std::string reason = std::string());
  // See bullmq::Worker::cancel_all_jobs.
  void cancel_all_jobs(std::string reason = std::string());

  // See bullmq::Worker::close. It throws only on a thread that would wait for itself.
  void close(std::optional<Milliseconds> deadline = std::nullopt);

  // See bullmq::Worker::get_next_job.
  [[nodiscard]] std::optional<Job> get_next_job(std::string token, WhenEmpty when_empty = WhenEmpty::wait);
  // See bullmq::Worker::start_stalled_check_timer.
  void start_stalled_check_timer();
  // See bullmq::Worker::rate_limit.
  void rate_limit(Milliseconds duration);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::blocking
