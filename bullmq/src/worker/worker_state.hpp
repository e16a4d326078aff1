#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backend/queue_backend.hpp"
#include "blocking/pool_processor.hpp"
#include "bullmq/worker.hpp"
#include "redis/wakeup.hpp"
#include "worker/fetch_step.hpp"
#include "worker/lock_keeper.hpp"

namespace bullmq {

// A worker's inside: the loop that fetches, the jobs in process, and what ends them. The executor's thread
// only.
struct Worker::State : std::enable_shared_from_this<Worker::State> {
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
    bool abandoned = false;
    std::string return_value;
    std::exception_ptr failure;
    detail::Wakeup changed;
  };
  using RunningPointer = std::shared_ptr<Running>;

  State(Executor executor, const std::string& queue, Processor processor, WorkerOptions options);

  // ---- Fetching (fetch_loop.cpp).
  static awaitable<void> run(std::shared_ptr<State> self);
  static awaitable<void> fetch_loop(std::shared_ptr<State> self);
  awaitable<std::optional<Job>> fetch(std::string token);
  // Waits for the marker. true: it is time to fetch.
  awaitable<bool> block(double seconds);
  // Keeps what a script told with its answer. The job, if there is one.
  std::optional<Job> take(detail::NextJob next, const std::string& token);
  static awaitable<void> unblock(std::shared_ptr<State> self);
  void stop_blocking();
  static awaitable<void> check_stalled(std::shared_ptr<State> self, std::uint64_t generation);
  [[nodiscard]] std::string next_token() { return id + ":" + std::to_string(token_number++); }
  [[nodiscard]] detail::FetchState fetch_state() const;

  // ---- Processing (process_job.cpp).
  void start(Job job);
  static awaitable<void> process(std::shared_ptr<State> self, Job job);
  awaitable<std::optional<Job>> process_one(Job job);
  awaitable<void> run_processor(RunningPointer running);
  awaitable<std::optional<Job>> complete(Job job, std::string return_value);
  awaitable<std::optional<Job>> fail(Job job, JobFailure failure);
  awaitable<detail::NextJob> apply_failure(Job job, JobFailure failure);
  [[nodiscard]] std::int64_t backoff_of(const Job& job, const JobFailure& failure);
  [[nodiscard]] bool may_fetch_next() const {
    return running.size() + abandoned <= concurrency && !closing && !paused;
  }
  void cancel(Running& job, std::string reason);
  // A processor that does not end after its cancellation is given up.
  void abandon(Running& job);
  void report_current_exception();
  template <typename... Listened, typename... Args>
  void emit(const Signal<Listened...>& signal, const Args&... args) {
    signal.emit([this] { report_current_exception(); }, args...);
  }
  void wake_all() {
    loop_wakeup.wake();
    emit(changed);
  }
  // Returns when `is_true` or at `until`.
  template <typename Condition>
  awaitable<void> wait_until(Condition is_true, std::chrono::steady_clock::time_point until) {
    detail::Wakeup woken(executor);
    const auto subscription = changed.subscribe([&woken] { woken.wake(); });
    while (!is_true() && std::chrono::steady_clock::now() < until) co_await woken.wait(until);
  }
  awaitable<void> close(std::optional<Milliseconds> deadline);

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
  bool paused = false;
  bool running_loop = false;
  std::size_t concurrency = 1;
  std::map<std::string, RunningPointer, std::less<>> running;
  // Threads of given-up blocking processors.
  std::size_t abandoned = 0;
  std::uint64_t token_number = 0;
  bool drained = false;
  bool blocked = false;
  std::int64_t limit_until = 0;
  double block_until = 0;
  unsigned errors_in_a_row = 0;
  std::uint64_t stalled_generation = 0;
  detail::Wakeup loop_wakeup;
  detail::Wakeup stalled_wakeup;
  Signal<> changed;
  std::vector<Subscription> subscriptions;
};

}  // namespace bullmq
