#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bullmq/job_operations.hpp"
#include "bullmq/job_options.hpp"
#include "bullmq/job_record.hpp"

namespace bullmq::blocking {

class QueueEvents;

// A job, for threads that may block: what processors (BlockingProcessor) get, and what blocking::Queue
// returns. A cheap handle: copies are the same job. Any thread may use it, several at a time.
//
// What it tells of the job (id() to outcome()) is from when it was made, and stays so; Queue::get_job reads
// it anew. The other functions ask Redis and wait: at most for ConnectionOptions::command_timeout, then they
// throw CommandTimeoutError. They throw ConnectionError when Redis, or the client or worker that the handle
// is from, is not there any more, and JobError when the job is not what the operation needs. Called on the
// thread that does the work, by a listener, they throw Error, for they would wait for themselves.
class Job {
 public:
  struct State;
  explicit Job(std::shared_ptr<State> state);

  [[nodiscard]] const JobRecord& record() const noexcept;
  [[nodiscard]] const std::string& id() const noexcept { return record().id; }
  [[nodiscard]] const std::string& name() const noexcept { return record().name; }
  // JSON text; see bullmq/json.hpp.
  [[nodiscard]] const std::string& data() const noexcept { return record().data; }
  [[nodiscard]] const JobOptions& options() const noexcept { return record().options; }
  [[nodiscard]] const std::string& queue_name() const noexcept;
  [[nodiscard]] const std::string& prefix() const noexcept;
  // The token of the lock that the worker holds for this handle; empty otherwise.
  [[nodiscard]] const std::string& token() const noexcept;
  // Of handles that Queue::add returned.
  [[nodiscard]] AddOutcome outcome() const noexcept;

  // unknown: the job is not there any more.
  [[nodiscard]] JobState state();
  // Cheaper than state().
  [[nodiscard]] bool is_in(JobState state);

  // Replaces the data; the processor sees it in its next attempt.
  void update_data(std::string data_json);
  // Any JSON; workers and event readers are told.
  void update_progress(std::string progress_json);
  // Returns how many lines the job has now.
  std::int64_t log(std::string line);
  // Lines from `start` to `end` (negative: from the end).
  [[nodiscard]] JobLogs logs(std::int64_t start = 0, std::int64_t end = -1, bool ascending = true);
  // Keeps the last `keep` lines.
  void clear_logs(std::int64_t keep = 0);

  // From failed or completed back to wait. Throws JobError when it is in neither.
  void retry(JobState from = JobState::failed, RetryOptions options = {});
  // From delayed to wait.
  void promote();
  // Of a delayed job: `delay` from now.
  void change_delay(Milliseconds delay);
  // Of a waiting or prioritized job.
  void change_priority(ChangePriorityOptions options);
  // Throws when a worker holds its lock.
  void remove(bool remove_children = true);
  // Frees the deduplication id if this job holds it. Returns whether it did.
  bool remove_deduplication_key();

  // Waits until the job is completed (returns its return value, a JSON text) or failed (throws
  // JobFailedError), at most for `deadline`, then throws WaitTimeoutError; the job goes on. Both have to be
  // of the same Client. A processor that waits for another job holds its thread meanwhile: give the worker
  // more `concurrency` than there can be of those, or all wait for jobs that nobody is left to do.
  [[nodiscard]] std::string wait_until_finished(QueueEvents& events, Milliseconds deadline);

  // ---- For processors, under the lock of the handle (token()).
  // For this long from now. false when the lock is no longer ours. Workers renew locks by themselves.
  bool extend_lock(Milliseconds duration);
  // Then throw DelayedError from the processor.
  void move_to_delayed(Timestamp until);
  // Then throw WaitingError. Returns for how many ms the queue is rate limited.
  std::int64_t move_to_wait();
  // Then throw WaitingChildrenError, if it returned true: there are children that are not finished.
  // `child_key`: wait only if this one is among them.
  bool move_to_waiting_children(std::string child_key = {});
  // Return values of the children that have completed, by their keys.
  [[nodiscard]] std::map<std::string, std::string> children_values();
  // Failures of children that are ignored, by their keys.
  [[nodiscard]] std::map<std::string, std::string> ignored_children_failures();
  // All children; of a parent with very many, ask for the counts.
  [[nodiscard]] JobDependencies dependencies();
  [[nodiscard]] JobDependenciesCount dependencies_count();
  // Of a child that is not finished: its parent no longer waits for it. Returns whether there was such a
  // bond.
  bool remove_child_dependency();
  // Removes the children that are neither finished nor held by a worker.
  void remove_unprocessed_children();

  // ---- For whoever fetches jobs with Worker::get_next_job. With fetch_next they return the next job of the
  // queue, locked with the same token, if there is one.
  std::optional<Job> move_to_completed(std::string return_value_json, bool fetch_next = false);
  // Retried, at once or after its backoff, as long as attempts are left and `error_name` is not
  // UnrecoverableError. A custom backoff is not known here and counts as none.
  std::optional<Job> move_to_failed(std::string reason, bool fetch_next = false,
                                    std::string error_name = "Error", std::string stack = {});

 private:
  std::shared_ptr<State> state_;
};

}  // namespace bullmq::blocking
