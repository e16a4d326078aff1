#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/blocking_client.hpp"
#include "bullmq/blocking_job.hpp"
#include "bullmq/bulk_job.hpp"
#include "bullmq/job_states.hpp"
#include "bullmq/json_text.hpp"
#include "bullmq/queue_options.hpp"

namespace bullmq::blocking {

// bullmq::Queue (queue.hpp) for threads that may block: each function does what its namesake there does,
// takes what it takes, and throws what it throws; it returns when the answer has come. See Client for
// threads.
//
// A function asks Redis, except where it says otherwise, and throws CommandTimeoutError when a command has no
// answer within ConnectionOptions::command_timeout. Functions of several commands (add_bulk, obliterate, ...)
// take that long for each at most.
class Queue {
 public:
  // Uses the client's connection (a connection of its own with a cluster, for queues may be on different
  // nodes); options.connection is not used.
  //
  // `on_error` hears what no function reports (bullmq::Queue::on_error), on the client's thread.
  using ErrorListener = std::function<void(const std::exception&)>;
  Queue(Client& client, std::string name, QueueOptions options = QueueOptions(), ErrorListener on_error = {});
  ~Queue();
  Queue(Queue&&) noexcept;
  Queue& operator=(Queue&&) noexcept;

  // See bullmq::Queue::name. It does not ask Redis.
  [[nodiscard]] const std::string& name() const noexcept;
  // See bullmq::Queue::options. It does not ask Redis.
  [[nodiscard]] const QueueOptions& options() const noexcept;
  // See bullmq::Queue::qualified_name. It does not ask Redis.
  [[nodiscard]] const std::string& qualified_name() const noexcept;
  // See bullmq::Queue::wait_until_ready.
  void wait_until_ready();

  // See bullmq::Queue::add.
  template <detail::DataValue Data>
  Job add(std::string name, const Data& data, const JobOptions& options = JobOptions()) {
    return add(std::move(name), to_json_text(data), options);
  }
  // See bullmq::Queue::add.
  Job add(std::string name, JsonText data, const JobOptions& options = JobOptions());
  // See bullmq::Queue::add.
  Job add(std::string name, std::string json = "{}", const JobOptions& options = JobOptions());
  // See bullmq::Queue::add_bulk.
  std::vector<Job> add_bulk(BulkJobs jobs);

  // See bullmq::Queue::get_job.
  [[nodiscard]] std::optional<Job> get_job(std::string job_id);
  // See bullmq::Queue::job_handle. It does not ask Redis.
  [[nodiscard]] Job job_handle(std::string job_id);
  // See bullmq::Queue::get_jobs.
  [[nodiscard]] std::vector<Job> get_jobs(JobStates states = JobStates(), std::int64_t start = 0,
                                          std::int64_t end = -1, Order order = Order::descending);
  // See bullmq::Queue::job_counts.
  [[nodiscard]] std::map<JobState, std::int64_t> job_counts(JobStates states = JobStates());
  // See bullmq::Queue::count.
  [[nodiscard]] std::int64_t count();
  // See bullmq::Queue::delayed_count.
  [[nodiscard]] std::int64_t delayed_count(Timestamp due_by);
  // See bullmq::Queue::counts_per_priority.
  [[nodiscard]] std::map<std::int64_t, std::int64_t> counts_per_priority(
      std::vector<std::int64_t> priorities);
  // See bullmq::Queue::job_state.
  [[nodiscard]] JobState job_state(std::string job_id);
  // See bullmq::Queue::job_logs.
  [[nodiscard]] JobLogs job_logs(std::string job_id, std::int64_t start = 0, std::int64_t end = -1,
                                 Order order = Order::ascending);
  // See bullmq::Queue::meta.
  [[nodiscard]] QueueMeta meta();
  // See bullmq::Queue::version.
  [[nodiscard]] std::string version();
  // See bullmq::Queue::metrics.
  [[nodiscard]] QueueMetrics metrics(FinishedState state, std::int64_t start = 0, std::int64_t end = -1);
  // See bullmq::Queue::export_prometheus_metrics.
  [[nodiscard]] std::string export_prometheus_metrics(
      std::vector<std::pair<std::string, std::string>> global_labels = {});
  // See bullmq::Queue::workers.
  [[nodiscard]] std::vector<ClientInfo> workers();
  // See bullmq::Queue::workers_count.
  [[nodiscard]] std::int64_t workers_count();
  // See bullmq::Queue::event_readers.
  [[nodiscard]] std::vector<ClientInfo> event_readers();
  // See bullmq::Queue::is_paused.
  [[nodiscard]] bool is_paused();
  // See bullmq::Queue::is_maxed.
  [[nodiscard]] bool is_maxed();
  // See bullmq::Queue::rate_limit_ttl.
  [[nodiscard]] std::int64_t rate_limit_ttl(std::optional<std::int64_t> max_jobs = std::nullopt);
  // See bullmq::Queue::global_concurrency.
  [[nodiscard]] std::optional<std::int64_t> global_concurrency();
  // See bullmq::Queue::global_rate_limit.
  [[nodiscard]] std::optional<GlobalRateLimit> global_rate_limit();
  // See bullmq::Queue::deduplication_job_id.
  [[nodiscard]] std::optional<std::string> deduplication_job_id(std::string deduplication_id);

  // See bullmq::Queue::pause.
  void pause();
  // See bullmq::Queue::resume.
  void resume();
  // See bullmq::Queue::remove.
  bool remove(std::string job_id, Children children = Children::remove);
  // See bullmq::Queue::drain.
  void drain(DelayedJobs delayed = DelayedJobs::keep);
  // See bullmq::Queue::clean.
  std::vector<std::string> clean(CleanOptions options);
  // See bullmq::Queue::obliterate.
  void obliterate(ObliterateOptions options = ObliterateOptions());
  // See bullmq::Queue::retry_jobs.
  void retry_jobs(RetryJobsOptions options = RetryJobsOptions());
  // See bullmq::Queue::promote_jobs.
  void promote_jobs(std::int64_t count = 1'000);
  // See bullmq::Queue::update_job_progress.
  void update_job_progress(std::string job_id, std::string json);
  // See bullmq::Queue::add_job_log.
  std::int64_t add_job_log(std::string job_id, std::string line,
                           std::optional<std::int64_t> keep = std::nullopt);
  // See bullmq::Queue::trim_events.
  std::int64_t trim_events(std::int64_t max_length);
  // See bullmq::Queue::rate_limit.
  void rate_limit(Milliseconds duration);
  // See bullmq::Queue::remove_rate_limit_key.
  bool remove_rate_limit_key();
  // See bullmq::Queue::remove_deduplication_key.
  bool remove_deduplication_key(std::string deduplication_id);
  // See bullmq::Queue::set_global_concurrency.
  std::int64_t set_global_concurrency(std::int64_t concurrency);
  // See bullmq::Queue::remove_global_concurrency.
  std::int64_t remove_global_concurrency();
  // See bullmq::Queue::set_global_rate_limit.
  std::int64_t set_global_rate_limit(std::int64_t max, Milliseconds duration);
  // See bullmq::Queue::remove_global_rate_limit.
  std::int64_t remove_global_rate_limit();
  // See bullmq::Queue::remove_deprecated_priority_key.
  bool remove_deprecated_priority_key();
  // See bullmq::Queue::remove_orphaned_jobs.
  std::int64_t remove_orphaned_jobs(std::int64_t count = 1'000, std::int64_t limit = 0);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace bullmq::blocking
