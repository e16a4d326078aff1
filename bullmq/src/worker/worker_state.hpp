#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backend/queue_backend.hpp"
#include "blocking/pool_processor.hpp"
#include "bullmq/worker.hpp"
#include "redis/wakeup.hpp"
#include "worker/fetch_step.hpp"
#include "worker/job_ending.hpp"
#include "worker/job_progress.hpp"
#include "worker/lock_keeper.hpp"
#include "worker/next_iteration.hpp"
#include "worker/worker_life.hpp"

namespace bullmq {

// A worker's inside: the loop that fetches, the jobs in process, and what ends them. Only the executor's
// thread uses it. What happens when is decided by tables and functions without I/O (worker_life.hpp,
// job_progress.hpp, fetch_step.hpp, failure_decision.hpp); the coroutines here carry it out.
//
// Who owns the coroutines: the loop is alive while the phase has one, a slot while `in_process` has its
// token, the closing until the phase is closed; close() waits for the first two, its callers for the last.
// Each holds the state, so none outlives it.
struct [[gnu::visibility("hidden")]] Worker::State : std::enable_shared_from_this<Worker::State> {
  using Clock = std::chrono::steady_clock;
  struct JobInProcess {
    JobInProcess(Job j, const Executor& executor) : job(std::move(j)), changed(executor) {}
    // What is to be done about the event.
    detail::JobAction on(detail::JobEvent event) {
      const detail::JobStep step = detail::next_progress(progress, event);
      progress = step.progress;
      return step.action;
    }
    Job job;
    detail::JobProgress progress;
    std::stop_source stop;
    boost::asio::cancellation_signal cancellation;
    std::string cancel_reason;
    std::string return_value;
    std::exception_ptr failure;
    detail::Wakeup changed;
  };
  using JobPointer = std::shared_ptr<JobInProcess>;

  State(Executor executor, const std::string& queue, Processor processor, WorkerOptions options);
  void listen_to_connections();
  void keep_locks(const std::string& queue);

  // Its life (worker.cpp). Does what the event asks for in this phase, and returns what that was. Throws
  // ValidationError when the worker runs already, or is to run without a processor.
  detail::WorkerAction on(detail::WorkerEvent event);
  void run_loop();

  // Fetching (fetch_loop.cpp).
  static awaitable<void> fetch_loop(std::shared_ptr<State> self);
  // Waits for the marker if it is told for how long, fetches, and begins what came.
  awaitable<void> fetch_once(std::optional<double> block_seconds);
  // Waits until the failure may be over: a connection has come up again since then, or a while has passed.
  awaitable<void> pause_after(std::exception_ptr failure, std::uint64_t times_up_before);
  // Waits for the marker. true: it is time to fetch.
  awaitable<bool> block(double seconds);
  // Keeps what a script told with its answer. The job, if there is one.
  std::optional<Job> take(detail::NextJob next, const std::string& token);
  awaitable<void> return_marker(std::string member, std::string score);
  static awaitable<void> unblock(std::shared_ptr<State> self);
  void stop_blocking();
  void start_stalled_check();
  static awaitable<void> check_stalled(std::shared_ptr<State> self, std::uint64_t generation);
  [[nodiscard]] std::string next_token();
  [[nodiscard]] detail::FetchState fetch_state() const;

  // Adds the iteration that follows this one, of a job scheduler (next_iteration.cpp). For how long the job
  // is to be put back, if it is not for this client.
  awaitable<std::optional<Milliseconds>> schedule_next(Job job);
  awaitable<std::optional<Milliseconds>> leave_to_others(detail::PatternIteration pattern,
                                                         std::string job_id);
  void report_pattern(const std::string& scheduler);

  // Processing (process_job.cpp).
  // Starts a slot with this job, or gives it back if the worker has come to stop meanwhile.
  awaitable<void> begin(Job job);
  [[nodiscard]] JobPointer enter(const Job& job);
  static awaitable<void> process(std::shared_ptr<State> self, JobPointer current);
  awaitable<std::optional<Job>> process_one(JobPointer current);
  [[nodiscard]] detail::JobEnding ending_of(JobInProcess& job);
  void start_processor(const JobPointer& current);
  void processor_ended(JobInProcess& job, std::exception_ptr failure, std::string return_value);
  awaitable<void> run_processor(JobPointer current);
  [[nodiscard]] static JobFailure describe_failure(const JobInProcess& job);
  void cancel(JobInProcess& job, std::string reason);
  // The thread of a processor that does not end after its cancellation is lost until it does.
  void lose_thread(const JobInProcess& job);
  void lock_lost(const detail::LostLock& lock);

  // Telling the end of a job (end_job.cpp).
  awaitable<std::optional<Job>> end_job(JobPointer current, detail::JobEnding ending);
  awaitable<detail::NextJob> apply(const Job& job, const detail::JobEnding& ending, bool fetch_next);
  awaitable<std::optional<Job>> refused_end(JobPointer current, detail::JobEnding ending, JobError refusal,
                                            bool unknown);
  // Whether an end whose answer was lost has been carried out.
  awaitable<bool> was_done(const Job& job, const detail::JobEnding& ending);
  void note_end(Job& job, const detail::JobEnding& ending);
  [[nodiscard]] detail::JobEnding failed_ending(const Job& job, JobFailure failure);
  [[nodiscard]] std::int64_t backoff_of(const Job& job, const JobFailure& failure);
  [[nodiscard]] std::exception_ptr explain(const Job& job, const JobError& refusal);
  [[nodiscard]] bool may_fetch_next() const {
    return in_process.size() + lost_threads <= concurrency && !stopping();
  }

  // After a lost answer (lost_answer.cpp).
  // The active job that is locked with this token: what a call took whose answer was lost.
  awaitable<std::optional<Job>> find_taken(std::string token);
  awaitable<void> adopt_lost_fetches();
  // Back to the front of the queue.
  awaitable<bool> give_back(Job job);

  // Closing (closing.cpp).
  void start_closing(std::optional<Milliseconds> deadline);
  static awaitable<void> wind_up(std::shared_ptr<State> self);
  [[nodiscard]] detail::ClosingStep closing_step(detail::ClosingStage stage, Clock::time_point until) const;
  void cancel_all(const std::string& reason);
  awaitable<void> give_back_all();
  awaitable<void> disconnect();
  // Ends everything at once.
  void destroy();

  [[nodiscard]] bool stopping() const { return !detail::may_take_jobs(phase); }
  [[nodiscard]] bool is_over() const { return detail::is_over(phase); }
  [[nodiscard]] bool is_idle() const { return in_process.empty() && !detail::has_loop(phase); }
  // How often a connection came up.
  [[nodiscard]] std::uint64_t times_up() const {
    return backend->connection().times_up() + blocking->times_up();
  }
  void report_current_exception();
  void report(const std::exception& error) { emit(events.error, error); }
  template <typename... Listened, typename... Args>
  void emit(const Signal<Listened...>& signal, const Args&... args) {
    if (phase != detail::WorkerPhase::destroyed) signal.emit([this] { report_current_exception(); }, args...);
  }
  void wake_all() {
    loop_wakeup.wake();
    changed.emit([] {});
  }
  // Returns when `is_true` or at `until`.
  template <typename Condition>
  awaitable<void> wait_until(Condition is_true, Clock::time_point until = Clock::time_point::max()) {
    detail::Wakeup woken(executor);
    const auto subscription = changed.subscribe([&woken] { woken.wake(); });
    while (!is_true() && Clock::now() < until) co_await woken.wait(until);
  }
  awaitable<void> sleep(Milliseconds duration) {
    detail::Wakeup never(executor);
    co_await never.wait(Clock::now() + duration);
  }

  Executor executor;
  std::string id;
  Processor processor;
  WorkerOptions options;
  WorkerEvents events;
  std::shared_ptr<detail::QueueBackend> backend;
  SharedConnection blocking;
  std::unique_ptr<detail::LockKeeper> locks;
  // There is a pool with a blocking processor only.
  std::shared_ptr<detail::PoolProcessor> pool;

  detail::WorkerPhase phase = detail::WorkerPhase::idle;
  Clock::time_point close_by = Clock::time_point::max();
  std::size_t concurrency = 1;
  // By lock token: the same job may be here twice, when its lock was lost and it came back.
  std::map<std::string, JobPointer, std::less<>> in_process;
  // Those of processors that were given up and are still at work.
  std::size_t lost_threads = 0;
  std::uint64_t token_number = 0;
  // Tokens of fetches whose answers were lost: each may have taken a job.
  std::vector<std::string> lost_fetches;
  // Schedules that an error event has told of.
  std::set<std::string, std::less<>> reported_patterns;
  detail::Supply supply = detail::Supply::unknown;
  // A blocking read is under way.
  bool blocked = false;
  std::int64_t limit_until = 0;
  double block_until = 0;
  unsigned errors_in_a_row = 0;
  std::size_t taken_last = 0;  // jobs, by the last fetch
  std::uint64_t stalled_generation = 0;
  detail::Wakeup loop_wakeup;
  detail::Wakeup stalled_wakeup;
  Signal<> changed;
  std::vector<Subscription> subscriptions;
};

}  // namespace bullmq
