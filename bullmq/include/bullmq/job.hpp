#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/job_operations.hpp"
#include "bullmq/job_record.hpp"
#include "bullmq/json_text.hpp"

namespace bullmq {

class QueueEvents;
namespace detail {
class QueueBackend;
struct JobHandleState;
struct NextJob;
}  // namespace detail

// A job of a queue. It is a cheap handle: copies are the same job, and share what they know of it, which is
// the state of when it was read or added, and what was done through the handle since. It is not thread-safe
// (see awaitable.hpp).
//
// Every coroutine throws ConnectionError when Redis does not answer, JobError when the job is not what the
// operation needs, and CancelledError when it was cancelled, which stops the waiting and not the command.
class Job {
 public:
  // Is no job: it is for assigning to, and for boost::asio::co_spawn(executor, queue.add(...), use_future),
  // which wants results that can be made of nothing.
  Job() = default;
  Job(std::shared_ptr<detail::QueueBackend> queue, JobRecord record);

  [[nodiscard]] const JobRecord& record() const noexcept;
  [[nodiscard]] const std::string& id() const noexcept { return record().id; }
  [[nodiscard]] const std::string& name() const noexcept { return record().name; }
  // The data are JSON text.
  [[nodiscard]] const std::string& data() const noexcept { return record().data; }
  // Reads the data as a value of a type with a conversion from JSON (json_text.hpp). Throws JsonError.
  template <typename Data>
  [[nodiscard]] Data data_as() const {
    return from_json_text<Data>(data());
  }
  [[nodiscard]] const JobOptions& options() const noexcept { return record().options; }
  [[nodiscard]] const std::string& queue_name() const noexcept;
  [[nodiscard]] const std::string& prefix() const noexcept;
  // It is the token of the lock that the worker of this handle holds; otherwise it is empty.
  [[nodiscard]] const std::string& token() const noexcept;
  // Tells what the add did, of handles that Queue::add returned.
  [[nodiscard]] AddOutcome outcome() const noexcept;

  // Tells where the job is; `unknown` when it is not there any more.
  [[nodiscard]] awaitable<JobState> state();
  // Tells whether it is in this state, which is cheaper than state().
  [[nodiscard]] awaitable<bool> is_in(JobState state);

  // Replaces the data, by JSON text or a value; the processor sees it in its next attempt.
  awaitable<void> update_data(std::string json);
  template <detail::DataValue Data>
  awaitable<void> update_data(const Data& data) {
    return update_data(std::string(to_json_text(data)));
  }
  // Sets the progress, by JSON text or a value; workers and event readers are told.
  awaitable<void> update_progress(std::string json);
  template <detail::DataValue Progress>
  awaitable<void> update_progress(const Progress& progress) {
    return update_progress(std::string(to_json_text(progress)));
  }
  // Adds a line to the job's log. Returns how many lines it has now.
  awaitable<std::int64_t> log(std::string line);
  // Reads lines from `start` to `end` (negative: from the end).
  [[nodiscard]] awaitable<JobLogs> logs(std::int64_t start = 0, std::int64_t end = -1,
                                        Order order = Order::ascending);
  // Keeps the last `keep` lines.
  awaitable<void> clear_logs(std::int64_t keep = 0);

  // Puts it back to wait, from failed or completed. Throws JobError when it is in neither.
  awaitable<void> retry(JobState from = JobState::failed, RetryOptions options = RetryOptions());
  // Puts a delayed job to wait.
  awaitable<void> promote();
  // Lets a delayed job wait for `delay` from now.
  awaitable<void> change_delay(Milliseconds delay);
  // Changes the priority of a waiting or prioritized job.
  awaitable<void> change_priority(ChangePriorityOptions options);
  // Removes it. Throws when a worker holds its lock.
  awaitable<void> remove(Children children = Children::remove);
  // Frees the deduplication id if this job holds it. Returns whether it did.
  awaitable<bool> remove_deduplication_key();

  // Waits until the job is completed (returns its return value, a JSON text) or failed (throws
  // JobFailedError), at most for `deadline`, then throws WaitTimeoutError. What the event of the end says is
  // the result, as with npm's client, so a job may be removed when it ends. The job itself is looked at
  // first, and then every five seconds, so no finish is missed when the event stream was trimmed.
  [[nodiscard]] awaitable<std::string> wait_until_finished(QueueEvents& events, Milliseconds deadline);
  // The same, with the return value as a value of a type with a conversion from JSON: throws JsonError too.
  template <typename Result>
  [[nodiscard]] awaitable<Result> wait_until_finished(QueueEvents& events, Milliseconds deadline) {
    return read_result<Result>(wait_until_finished(events, deadline));
  }

  // ---- For processors, and for whoever fetches jobs with Worker::get_next_job. `token` is the lock's.
  // Extends the lock. Returns false when it is no longer ours.
  awaitable<bool> extend_lock(std::string token, Milliseconds duration);
  // Moves it to the delayed jobs; throw DelayedError from the processor then.
  awaitable<void> move_to_delayed(Timestamp until, std::string token);
  // Moves it back to wait; throw WaitingError then. Returns for how many ms the queue is rate limited.
  awaitable<std::int64_t> move_to_wait(std::string token);
  // Lets it wait for its children; throw WaitingChildrenError if it returned true, for then there are some
  // that are not finished. With `child_key` it waits only if this one is among them.
  awaitable<bool> move_to_waiting_children(std::string token, std::string child_key = std::string());
  // Completes it. With FetchNext::yes it returns the next job of the queue, locked with the same token, if
  // there is one.
  awaitable<std::optional<Job>> move_to_completed(std::string return_value_json, std::string token,
                                                  FetchNext fetch_next);
  // Fails it, or has it retried, at once or after its backoff, as long as attempts are left and `error_name`
  // is not UnrecoverableError. A custom backoff is not known here and counts as none.
  awaitable<std::optional<Job>> move_to_failed(std::string reason, std::string token, FetchNext fetch_next,
                                               std::string error_name = "Error",
                                               std::string stack = std::string());

  // Reads the return values of the children that have completed, by their keys.
  [[nodiscard]] awaitable<std::map<std::string, std::string>> children_values();
  // Reads the failures of children that are ignored, by their keys.
  [[nodiscard]] awaitable<std::map<std::string, std::string>> ignored_children_failures();
  // Reads all children; of a parent with very many, ask for the counts.
  [[nodiscard]] awaitable<JobDependencies> dependencies();
  [[nodiscard]] awaitable<JobDependenciesCount> dependencies_count();
  // Lets the parent of a child that is not finished no longer wait for it. Returns whether it did.
  awaitable<bool> remove_child_dependency();
  // Removes the children that are neither finished nor held by a worker.
  awaitable<void> remove_unprocessed_children();

 private:
  friend class detail::QueueBackend;
  friend struct detail::JobHandleState;
  explicit Job(std::shared_ptr<detail::JobHandleState> state) : state_(std::move(state)) {}
  template <typename Result>
  static awaitable<Result> read_result(awaitable<std::string> finished) {
    const std::string json = co_await std::move(finished);
    co_return from_json_text<Result>(json);
  }
  std::shared_ptr<detail::JobHandleState> state_;
};

}  // namespace bullmq
