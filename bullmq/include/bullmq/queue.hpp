#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/bulk_job.hpp"
#include "bullmq/connection.hpp"
#include "bullmq/job.hpp"
#include "bullmq/job_states.hpp"
#include "bullmq/json_text.hpp"
#include "bullmq/queue_options.hpp"
#include "bullmq/signal.hpp"

namespace bullmq {

namespace detail {
struct JobToAdd;
}

// Adds jobs to a queue, looks at them and administers them.
//
// It can be moved and not copied. It is not thread-safe: one thread or strand may use it (see awaitable.hpp).
// Its destructor, or close(), ends its connection, unless it was given a shared one; operations that wait
// then throw ConnectionError.
//
// Deadlines: every operation throws CommandTimeoutError when Redis has not answered within
// ConnectionOptions::command_timeout; with Redis absent an add fails by then and never hangs.
class Queue {
 public:
  // Begins to connect and returns. Throws ValidationError for a name that is empty or has a colon in it, for
  // options that make no sense, and, with a cluster, for a name and prefix without a hash tag.
  Queue(Executor executor, std::string name, QueueOptions options = QueueOptions());
  // Shares a connection; options.connection is not used.
  Queue(SharedConnection connection, std::string name, QueueOptions options = QueueOptions());
  ~Queue();
  Queue(Queue&&) noexcept;
  // Ends the connection of the queue that is replaced, as its destructor does.
  Queue& operator=(Queue&&) noexcept;

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const QueueOptions& options() const noexcept;
  // It is "<prefix>:<name>".
  [[nodiscard]] std::string qualified_name() const;

  // Returns when connected. Throws CommandTimeoutError after the connection's command timeout.
  awaitable<void> wait_until_ready();
  // What no operation reports, since nobody waits for it: today the writing of the queue's meta data after
  // construction (QueueOptions::skip_metas_update). Failures to connect are not among them.
  [[nodiscard]] Signal<const std::exception&>& on_error() noexcept;
  // Waits for what was begun, at most for the command timeout, then ends the connection. It throws nothing
  // but CancelledError.
  awaitable<void> close();

  // ---- Adding.
  // Adds a job with a value as its data, of any type with a conversion to JSON (json_text.hpp). Returns the
  // job, with its id, and whether it was created (Job::outcome()). Arguments are copied before it returns;
  // options of the queue (QueueOptions::default_job_options) stand where `options` says nothing.
  //
  // Throws ValidationError (data that is no JSON, texts that are no UTF-8, options that make no sense),
  // JsonError (a value that its conversion refuses), JobError (no such parent), RedisError, ConnectionError
  // (see its fate()), CancelledError.
  template <detail::DataValue Data>
  awaitable<Job> add(std::string name, const Data& data, const JobOptions& options = JobOptions()) {
    return add(std::move(name), to_json_text(data), options);
  }
  awaitable<Job> add(std::string name, JsonText data, const JobOptions& options = JobOptions());
  // Adds a job with a text, which is JSON already: it is checked, and stored as it is.
  awaitable<Job> add(std::string name, std::string json = "{}", const JobOptions& options = JobOptions());
  // Adds all or none of each chunk (QueueOptions::bulk_chunk_jobs), in order; the next chunk is sent when the
  // one before is answered. All jobs are validated before anything is sent.
  //   co_await queue.add_bulk({{"welcome", mail}, {"report", month, options}});
  awaitable<std::vector<Job>> add_bulk(BulkJobs jobs);

  // ---- Reading.
  // Reads a job; absent when there is none.
  [[nodiscard]] awaitable<std::optional<Job>> get_job(std::string job_id);
  // Makes a handle that knows nothing but the id, for operations on a job without reading it first.
  [[nodiscard]] Job job_handle(std::string job_id);
  // Reads the jobs of these states ({"waiting", "failed"}; empty: all), each state from `start` to `end`
  // (negative: from the end).
  [[nodiscard]] awaitable<std::vector<Job>> get_jobs(JobStates states = JobStates(), std::int64_t start = 0,
                                                     std::int64_t end = -1, Order order = Order::descending);
  // Counts the jobs in each of these states ({"waiting", "failed"}; empty: in every state).
  [[nodiscard]] awaitable<std::map<JobState, std::int64_t>> job_counts(JobStates states = JobStates());
  // Counts what waits: waiting, delayed, prioritized and waiting-children together.
  [[nodiscard]] awaitable<std::int64_t> count();
  // Counts the delayed jobs that are due by then.
  [[nodiscard]] awaitable<std::int64_t> delayed_count(Timestamp due_by);
  // Counts the jobs that wait with each of these priorities.
  [[nodiscard]] awaitable<std::map<std::int64_t, std::int64_t>> counts_per_priority(
      std::vector<std::int64_t> priorities);
  // Tells where a job is; `unknown` when there is no such job.
  [[nodiscard]] awaitable<JobState> job_state(std::string job_id);
  // Reads lines from `start` to `end` (negative: from the end).
  [[nodiscard]] awaitable<JobLogs> job_logs(std::string job_id, std::int64_t start = 0, std::int64_t end = -1,
                                            Order order = Order::ascending);
  // Reads what is stored of the queue as a whole.
  [[nodiscard]] awaitable<QueueMeta> meta();
  // Reads "bullmq:<version>" of the client that wrote the meta last.
  [[nodiscard]] awaitable<std::string> version();
  // Reads points from `start` to `end`, newest first.
  [[nodiscard]] awaitable<QueueMetrics> metrics(FinishedState state, std::int64_t start = 0,
                                                std::int64_t end = -1);
  // Writes counts and metrics as Prometheus text, with these labels on every line.
  [[nodiscard]] awaitable<std::string> export_prometheus_metrics(
      std::vector<std::pair<std::string, std::string>> global_labels = {});
  // Lists the connected workers, of all languages.
  [[nodiscard]] awaitable<std::vector<ClientInfo>> workers();
  // Counts the connected workers.
  [[nodiscard]] awaitable<std::int64_t> workers_count();
  // Lists the connections that read the queue's events.
  [[nodiscard]] awaitable<std::vector<ClientInfo>> event_readers();
  // Tells whether any client has paused the queue.
  [[nodiscard]] awaitable<bool> is_paused();
  // Tells whether as many jobs are active as the global concurrency allows.
  [[nodiscard]] awaitable<bool> is_maxed();
  // Tells for how many ms the queue is rate limited; it is not when that is negative or 0.
  [[nodiscard]] awaitable<std::int64_t> rate_limit_ttl(std::optional<std::int64_t> max_jobs = std::nullopt);
  // Read what set_global_concurrency and set_global_rate_limit have set, by whatever client; absent when
  // nothing is set.
  [[nodiscard]] awaitable<std::optional<std::int64_t>> global_concurrency();
  [[nodiscard]] awaitable<std::optional<GlobalRateLimit>> global_rate_limit();
  // Tells which job holds this deduplication id.
  [[nodiscard]] awaitable<std::optional<std::string>> deduplication_job_id(std::string deduplication_id);

  // ---- Administration.
  // Lets no worker take a job until resume(); those in process go on.
  awaitable<void> pause();
  // Ends pause().
  awaitable<void> resume();
  // Removes a job unless a worker holds its lock. Returns whether it was removed.
  awaitable<bool> remove(std::string job_id, Children children = Children::remove);
  // Removes what waits, and what is delayed if that is said. Active and finished jobs stay.
  awaitable<void> drain(DelayedJobs delayed = DelayedJobs::keep);
  // Removes jobs of a state that are old enough. Returns their ids.
  awaitable<std::vector<std::string>> clean(CleanOptions options);
  // Pauses the queue and removes everything of it.
  awaitable<void> obliterate(ObliterateOptions options = ObliterateOptions());
  // Puts finished jobs back to wait, failed ones unless told otherwise.
  awaitable<void> retry_jobs(RetryJobsOptions options = RetryJobsOptions());
  // Puts all delayed jobs to wait, `count` in one call of the script.
  awaitable<void> promote_jobs(std::int64_t count = 1'000);
  // See Job::update_progress.
  awaitable<void> update_job_progress(std::string job_id, std::string json);
  // See Job::log; `keep` lines stay at most. Returns how many there are.
  awaitable<std::int64_t> add_job_log(std::string job_id, std::string line,
                                      std::optional<std::int64_t> keep = std::nullopt);
  // Cuts the event stream to about this length. Returns how many entries were removed.
  awaitable<std::int64_t> trim_events(std::int64_t max_length);
  // Lets nobody take a job of this queue for that long.
  awaitable<void> rate_limit(Milliseconds duration);
  // Ends rate_limit(). Returns whether it was in force.
  awaitable<bool> remove_rate_limit_key();
  // Frees a deduplication id, whoever holds it. Returns whether it was held.
  awaitable<bool> remove_deduplication_key(std::string deduplication_id);
  // Limits that hold across all workers are set and removed here. They are part of the queue's meta, which
  // every client obeys. Each returns how many of its fields are new there, or were removed.
  awaitable<std::int64_t> set_global_concurrency(std::int64_t concurrency);
  awaitable<std::int64_t> remove_global_concurrency();
  awaitable<std::int64_t> set_global_rate_limit(std::int64_t max, Milliseconds duration);
  awaitable<std::int64_t> remove_global_rate_limit();
  // Removes a helper key of versions before 4. Returns whether it was there.
  awaitable<bool> remove_deprecated_priority_key();
  // Removes job keys that no state knows. `count` keys are looked at in a step. Returns how many jobs were
  // removed.
  awaitable<std::int64_t> remove_orphaned_jobs(std::int64_t count = 1'000, std::int64_t limit = 0);

 private:
  awaitable<Job> add_job(detail::JobToAdd job);
  awaitable<std::vector<Job>> add_all(std::vector<BulkJob> bulk);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bullmq
