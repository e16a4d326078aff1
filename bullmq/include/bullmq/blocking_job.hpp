#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bullmq/job_operations.hpp"
#include "bullmq/job_options.hpp"
#include "bullmq/job_record.hpp"
#include "bullmq/json_text.hpp"

namespace bullmq::blocking {

class QueueEvents;

// bullmq::Job (job.hpp) for threads that may block: what processors (BlockingProcessor) get, and what
// blocking::Queue returns. Each function does what its namesake there does, and returns when the answer has
// come. A cheap handle: copies are the same job. Any thread may use it, several at a time.
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
  // JSON text.
  [[nodiscard]] const std::string& data() const noexcept { return record().data; }
  // See bullmq::Job::data_as.
  template <typename Data>
  [[nodiscard]] Data data_as() const {
    return from_json_text<Data>(data());
  }
  [[nodiscard]] const JobOptions& options() const noexcept { return record().options; }
  [[nodiscard]] const std::string& queue_name() const noexcept;
  [[nodiscard]] const std::string& prefix() const noexcept;
  // The token of the lock that the worker holds for this handle; empty otherwise.
  [[nodiscard]] const std::string& token() const noexcept;
  // What Queue::add did, on a handle that it returned.
  [[nodiscard]] AddOutcome outcome() const noexcept;

  // See bullmq::Job::state.
  [[nodiscard]] JobState state();
  // See bullmq::Job::is_in.
  [[nodiscard]] bool is_in(JobState state);

  // See bullmq::Job::update_data.
  void update_data(std::string json);
  // See bullmq::Job::update_data.
  template <detail::DataValue Data>
  void update_data(const Data& data) {
    update_data(std::string(to_json_text(data)));
  }
  // See bullmq::Job::update_progress.
  void update_progress(std::string json);
  // See bullmq::Job::update_progress.
  template <detail::DataValue Progress>
  void update_progress(const Progress& progress) {
    update_progress(std::string(to_json_text(progress)));
  }
  // See bullmq::Job::log.
  std::int64_t log(std::string line);
  // See bullmq::Job::logs.
  [[nodiscard]] JobLogs logs(std::int64_t start = 0, std::int64_t end = -1, Order order = Order::ascending);
  // See bullmq::Job::clear_logs.
  void clear_logs(std::int64_t keep = 0);

  // See bullmq::Job::retry.
  void retry(JobState from = JobState::failed, RetryOptions options = RetryOptions());
  // See bullmq::Job::promote.
  void promote();
  // See bullmq::Job::change_delay.
  void change_delay(Milliseconds delay);
  // See bullmq::Job::change_priority.
  void change_priority(ChangePriorityOptions options);
  // See bullmq::Job::remove.
  void remove(Children children = Children::remove);
  // See bullmq::Job::remove_deduplication_key.
  bool remove_deduplication_key();

  // See bullmq::Job::wait_until_finished. Both have to be of the same Client. A processor that waits for
  // another job holds its thread meanwhile: give the worker more `concurrency` than there can be of those, or
  // all wait for jobs that nobody is left to do.
  [[nodiscard]] std::string wait_until_finished(QueueEvents& events, Milliseconds deadline);
  // See bullmq::Job::wait_until_finished.
  template <typename Result>
  [[nodiscard]] Result wait_until_finished(QueueEvents& events, Milliseconds deadline) {
    return from_json_text<Result>(wait_until_finished(events, deadline));
  }

  // See bullmq::Job::extend_lock; the lock is the handle's (token()). Workers renew locks by themselves.
  bool extend_lock(Milliseconds duration);
  // See bullmq::Job::move_to_delayed; the lock is the handle's (token()).
  void move_to_delayed(Timestamp until);
  // See bullmq::Job::move_to_wait; the lock is the handle's (token()).
  std::int64_t move_to_wait();
  // See bullmq::Job::move_to_waiting_children; the lock is the handle's (token()).
  bool move_to_waiting_children(std::string child_key = std::string());
  // See bullmq::Job::children_values.
  [[nodiscard]] std::map<std::string, std::string> children_values();
  // See bullmq::Job::ignored_children_failures.
  [[nodiscard]] std::map<std::string, std::string> ignored_children_failures();
  // See bullmq::Job::dependencies.
  [[nodiscard]] JobDependencies dependencies();
  // See bullmq::Job::dependencies_count.
  [[nodiscard]] JobDependenciesCount dependencies_count();
  // See bullmq::Job::remove_child_dependency.
  bool remove_child_dependency();
  // See bullmq::Job::remove_unprocessed_children.
  void remove_unprocessed_children();

  // See bullmq::Job::move_to_completed; the lock is the handle's (token()).
  std::optional<Job> move_to_completed(std::string return_value_json, FetchNext fetch_next = FetchNext::no);
  // See bullmq::Job::move_to_failed; the lock is the handle's (token()).
  std::optional<Job> move_to_failed(std::string reason, FetchNext fetch_next = FetchNext::no,
                                    std::string error_name = "Error", std::string stack = std::string());

 private:
  std::shared_ptr<State> state_;
};

}  // namespace bullmq::blocking
