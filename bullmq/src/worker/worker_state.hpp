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
#include "worker/lock_keeper.hpp"
#include "worker/next_iteration.hpp"

namespace bullmq {

// A worker's inside: the loop that fetches, the jobs in process, and what ends them. The executor's thread
// only.
//
// Who owns its coroutines: the loop is alive while `running_loop` is set, a slot while `running` has its
// token, the closing until `closed`; close() waits for the first two, its callers for the last. Each holds
// the state, so none outlives it.
struct Worker::State : std::enable_shared_from_this<Worker::State> {
  using Clock = std::chrono::steady_clock;
  // A job in process.
  struct Running {
    Running(Job j, const Executor& executor) : job(std::move(j)), changed(executor) {}
    Job job;
    std::stop_source stop;
    boost::asio::cancellation_signal cancellation;
    std::string cancel_reason;
    // The processor has ended, or the job was given back and its end is of no interest.
    bool done = false;
    bool given_back = false;
    // Its thread is still at it, though nobody waits for it.
    bool keeps_thread = false;
    // Its end is being told to Redis: a lock that cannot be renewed any more may have been released by that.
    bool ending = false;
    std::string return_value;
    std::exception_ptr failure;
    detail::Wakeup changed;
  };
  using RunningPointer = std::shared_ptr<Running>;

  State(Executor executor, const std::string& queue, Processor processor, WorkerOptions options);
  void listen_to_connections();
  void keep_locks(const std::string& queue);

  // ---- Fetching (fetch_loop.cpp).
  // Throws ValidationError when it runs already or cannot.
  void start_loop();
  static awaitable<void> fetch_loop(std::shared_ptr<State> self);
  // Waits for the marker if it is told for how long, fetches, and begins what came.
  awaitable<void> fetch_once(std::optional<double> block_seconds);
  awaitable<void> pause_after(std::exception_ptr failure);
  // Waits for the marker. true: it is time to fetch.
  awaitable<bool> block(double seconds);
  // Keeps what a script told with its answer. The job, if there is one.
  std::optional<Job> take(detail::NextJob next, const std::string& token);
  awaitable<void> return_marker(std::string member, std::string score);
  static awaitable<void> unblock(std::shared_ptr<State> self);
  void stop_blocking();
  void start_stalled_check();
  static awaitable<void> check_stalled(std::shared_ptr<State> self, std::uint64_t generation);
  [[nodiscard]] std::string next_token() { return id + ":" + std::to_string(token_number++); }
  [[nodiscard]] detail::FetchState fetch_state() const;

  // Adds the iteration that follows this one, of a job scheduler (next_iteration.cpp). For how long the job
  // is to be put back, if it is not for this client.
  awaitable<std::optional<Milliseconds>> schedule_next(Job job);
  awaitable<std::optional<Milliseconds>> leave_to_others(detail::PatternIteration pattern,
                                                         std::string job_id);
  void tell_pattern(const std::string& scheduler);

  // ---- Processing (process_job.cpp).
  // Starts a slot with this job, or gives it back if the worker has come to stop meanwhile.
  awaitable<void> begin(Job job);
  [[nodiscard]] RunningPointer enter(const Job& job);
  static awaitable<void> process(std::shared_ptr<State> self, RunningPointer current);
  awaitable<std::optional<Job>> process_one(RunningPointer current);
  awaitable<void> run_processor(RunningPointer current);
  [[nodiscard]] static JobFailure describe_failure(const Running& job);
  void cancel(Running& job, std::string reason);
  // A processor that does not end after its cancellation is given up, and its thread with it.
  void give_up(Running& job);
  void lock_lost(const detail::LostLock& lock);

  // ---- Telling the end of a job (end_job.cpp).
  awaitable<std::optional<Job>> end_job(RunningPointer current, detail::JobEnding ending);
  awaitable<detail::NextJob> apply(const Job& job, const detail::JobEnding& ending, bool fetch_next);
  awaitable<std::optional<Job>> refused_end(RunningPointer current, detail::JobEnding ending,
                                            JobError refusal, bool unknown);
  // Whether an end whose answer was lost has been carried out.
  awaitable<bool> was_done(const Job& job, const detail::JobEnding& ending);
  void told(Job& job, const detail::JobEnding& ending);
  [[nodiscard]] detail::JobEnding failed_ending(const Job& job, JobFailure failure);
  [[nodiscard]] std::int64_t backoff_of(const Job& job, const JobFailure& failure);
  [[nodiscard]] std::exception_ptr explain(const Job& job, const JobError& refusal);
  [[nodiscard]] bool may_fetch_next() const {
    return running.size() + lost_threads <= concurrency && !stopping();
  }

  // ---- After a lost answer (lost_answer.cpp).
  // The active job that is locked with this token: what a call took whose answer was lost.
  awaitable<std::optional<Job>> find_taken(std::string token);
  awaitable<void> adopt_lost_fetches();
  // Back to the front of the queue.
  awaitable<bool> give_back(Job job);

  // ---- Closing (closing.cpp).
  void pause_now();
  void start_closing(std::optional<Milliseconds> deadline);
  static awaitable<void> wind_up(std::shared_ptr<State> self);
  awaitable<void> give_back_all();
  // Ends everything at once.
  void abandon();

  [[nodiscard]] bool stopping() const { return closing || paused; }
  [[nodiscard]] bool is_idle() const { return running.empty() && !running_loop; }
  void report_current_exception();
  void report(const std::exception& error) { emit(events.error, error); }
  template <typename... Listened, typename... Args>
  void emit(const Signal<Listened...>& signal, const Args&... args) {
    if (!abandoned) signal.emit([this] { report_current_exception(); }, args...);
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
  // With a blocking processor only.
  std::shared_ptr<detail::PoolProcessor> pool;

  bool closing = false;
  bool closed = false;
  bool abandoned = false;
  bool paused = false;
  bool running_loop = false;
  Clock::time_point close_by = Clock::time_point::max();
  std::size_t concurrency = 1;
  // By lock token: the same job may be here twice, when its lock was lost and it came back.
  std::map<std::string, RunningPointer, std::less<>> running;
  // Those that given-up processors still keep.
  std::size_t lost_threads = 0;
  std::uint64_t token_number = 0;
  // Tokens of fetches whose answers were lost: each may have taken a job.
  std::vector<std::string> lost_fetches;
  // Schedules that an error event has told of.
  std::set<std::string, std::less<>> told_patterns;
  bool drained = false;
  // A wake-up was taken, or may have been: the next step is a fetch whatever else is known.
  bool fetch_due = false;
  bool blocked = false;
  // A connection came up since the loop last looked.
  bool reconnected = false;
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
