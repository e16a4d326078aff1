#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/batcher.hpp"
#include "bullmq/job.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/worker.hpp"
#include "core/job_codec.hpp"
#include "core/queue_keys.hpp"
#include "core/script_answers.hpp"
#include "redis/connection.hpp"

namespace bullmq::detail {

using JobFields = std::vector<std::pair<std::string, std::string>>;

// What the scripts that take and finish jobs have to know of the worker.
struct WorkerPolicy {
  std::string name;
  Milliseconds lock_duration{30'000};
  std::optional<RateLimiter> limiter;
  std::optional<KeepJobs> remove_on_complete;
  std::optional<KeepJobs> remove_on_fail;
  std::optional<std::int64_t> metrics_max_data_points;
};

struct JobToAdd {
  std::string name;
  std::string data;
  JobOptions options;
  Timestamp timestamp = 0;
};

// The token that means "without a lock" to every script.
inline constexpr const char* kNoToken = "0";

enum class Outcome { completed, failed };

// An add on its way to Redis: encoded for addMany, or a call of its own.
struct AddItem : BatchItem {
  std::string arguments;
  std::optional<Command> command;
  // What addMany answers, or the call of its own.
  AddedJob added;
  Reply reply;
};
// For finishMany: a job that ends, or slots to be filled.
struct EndItem : BatchItem {
  std::string arguments;
  std::size_t ends = 0;
  std::size_t slots = 0;
  // The answer; `at` is what the script was told is now.
  std::vector<Reply> replies;
  Timestamp at = 0;
};

[[nodiscard]] std::string pack_fields(const JobFields& fields);

// The scripts of one queue, as coroutines: arguments in, replies decoded, negative codes thrown as JobError
// with upstream's words. One for each Queue and Worker, shared with their jobs. All adds go through add() and
// add_bulk(), all finishes through finish(): where several of them join one call, it is there.
class QueueBackend : public std::enable_shared_from_this<QueueBackend> {
 public:
  QueueBackend(SharedConnection connection, std::string prefix, std::string queue);

  [[nodiscard]] const QueueKeys& keys() const noexcept { return keys_; }
  [[nodiscard]] const std::string& queue_name() const noexcept { return queue_; }
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }
  [[nodiscard]] Connection& connection() const noexcept { return *connection_; }
  [[nodiscard]] const SharedConnection& shared_connection() const noexcept { return connection_; }
  [[nodiscard]] std::mt19937_64& random() noexcept { return random_; }
  WorkerPolicy policy;
  // Many adds, ends and fetches in one call of a script of our own, where the server can (batcher.hpp).
  bool fast_path = true;
  // Workers are told of progress.
  std::function<void(const Job&, std::string_view)> on_progress;

  [[nodiscard]] Job make_job(JobRecord record, std::string token = {},
                             AddOutcome outcome = AddOutcome::created);

  // Adding (adding.cpp).
  struct Added {
    std::string id;
    AddOutcome outcome = AddOutcome::created;
  };
  awaitable<Added> add(const JobToAdd& job);
  // Returns when all adds that were called before have been handed to the connection.
  awaitable<void> hand_over_adds();
  // In one transaction.
  awaitable<std::vector<Added>> add_bulk(const std::vector<const JobToAdd*>& jobs);
  // Bytes that a job takes on its way, about.
  [[nodiscard]] static std::size_t size_of(const JobToAdd& job) noexcept {
    return job.data.size() + job.name.size() + 512;
  }

  // The life of a job (queue_backend.cpp, finishing.cpp).
  // Takes a job for each token, as long as there are some; without the fast path one at most. The answers are
  // in the order of the tokens, up to the first that found nothing.
  awaitable<std::vector<NextJob>> move_to_active(std::vector<std::string> tokens);
  // What the script answers: the next job if it was asked for and there is one.
  awaitable<NextJob> finish(const JobRecord& job, Outcome outcome, std::string value, std::string token,
                            bool fetch_next, JobFields fields);
  awaitable<NextJob> move_to_delayed(std::string id, Milliseconds delay, std::string token, bool skip_attempt,
                                     JobFields fields, bool fetch_next);
  awaitable<void> retry_job(std::string id, bool lifo, std::string token, JobFields fields);
  awaitable<std::int64_t> move_to_wait(std::string id, std::string token);
  awaitable<bool> move_to_waiting_children(std::string id, std::string token, std::string child_key);
  awaitable<std::vector<std::string>> move_stalled_jobs(std::int64_t max_stalled_count,
                                                        Milliseconds interval);
  // For a scheduler with a fixed interval. Adds the iteration after `producer`, if it is the current one.
  awaitable<bool> schedule_next_iteration(std::string scheduler, std::string data, const JobOptions& options,
                                          std::string producer);
  // Whether a scheduler waits for this job to add the next one.
  awaitable<bool> is_current_iteration(std::string scheduler, std::string job_id);
  // For how long to put a job back that this client does not process, at least `delay`: such jobs of a queue
  // come back one a second, whoever puts them back.
  awaitable<Milliseconds> reserve_put_back(Milliseconds delay);
  // Makes the job delayed, as if it had not been taken.
  awaitable<NextJob> put_back(const JobRecord& job, Milliseconds delay, std::string token, bool fetch_next);
  // false for what versions before 6 called a repeatable job, which is in the same set.
  awaitable<bool> is_job_scheduler(std::string id);
  awaitable<bool> extend_lock(std::string id, std::string token, Milliseconds duration);
  // The ids whose locks could not be renewed.
  awaitable<std::vector<std::string>> extend_locks(std::vector<std::string> ids,
                                                   std::vector<std::string> tokens, Milliseconds duration);
  // For locks that extend_locks refused: takes those again that have expired while their jobs are still
  // active, so nobody else has them. The ids of the others.
  awaitable<std::vector<std::string>> reclaim_locks(std::vector<std::string> ids,
                                                    std::vector<std::string> tokens, Milliseconds duration);
  // The active job whose lock has this token, its lock renewed.
  awaitable<std::optional<JobRecord>> find_locked_job(std::string token);
  // Returns what is stored; 0 for a job that is gone.
  awaitable<std::int64_t> attempts_made(std::string id);

  // Calls with plain arguments.
  awaitable<Reply> run(Command command) { return connection_->execute(std::move(command)); }
  // Throws JobError when the reply is a negative code.
  static std::int64_t check(const Reply& reply, std::string_view id, std::string_view command,
                            std::string_view state = {}, std::string_view parent_key = {});

 private:
  // Calls may take so much that two of them, with what is in them beside the items, have room in the
  // connection's own bound.
  [[nodiscard]] BatcherOptions batcher_options() const;

  // adding.cpp:
  // Nothing of it needs more than addMany does.
  [[nodiscard]] bool is_plain(const JobToAdd& job) const;
  [[nodiscard]] std::string stored_options(const JobOptions& options);
  void append_plain(const JobToAdd& job, std::string& out);
  awaitable<std::vector<AddedJob>> add_many(std::size_t count, std::string arguments);
  [[nodiscard]] static Added added_plainly(const JobToAdd& job, const AddedJob& result);
  [[nodiscard]] Added added_alone(const JobToAdd& job, Reply result, const Reply* checks) const;
  // Not a member's coroutine: the batchers do not hold the backend, which has them, but a call does.
  static awaitable<void> send_adds(std::shared_ptr<QueueBackend> self, Batch<AddItem> items);
  [[nodiscard]] const Batcher<AddItem>& adds();
  [[nodiscard]] Command add_command(const JobToAdd& job) const;
  // The checks before an add that tell afterwards what it did, if its options can make it anything but a
  // creation.
  [[nodiscard]] bool needs_checks(const JobToAdd& job) const;
  std::size_t add_checks(const JobToAdd& job, Transaction& transaction) const;
  [[nodiscard]] AddOutcome judge(const JobToAdd& job, const std::string& id, const Reply* checks) const;

  // finishing.cpp:
  void append_fetch_options(std::string& out, std::string_view token) const;
  [[nodiscard]] KeepJobs kept(const JobRecord& job, Outcome outcome) const;
  [[nodiscard]] bool may_share_ends() const;
  awaitable<NextJob> take_one(std::string token);
  awaitable<NextJob> finish_one(const JobRecord& job, Outcome outcome, std::string value, std::string token,
                                bool fetch_next, JobFields fields);
  [[nodiscard]] NextJob decode_taken(Reply reply, Timestamp at);
  [[nodiscard]] Command finish_many_command(Batch<EndItem> items, Timestamp now) const;
  static awaitable<void> send_ends(std::shared_ptr<QueueBackend> self, Batch<EndItem> items);
  [[nodiscard]] const Batcher<EndItem>& ends();

  SharedConnection connection_;
  std::string prefix_;
  std::string queue_;
  QueueKeys keys_;
  StoredJobOptions stored_options_;
  JobOptions known_options_;
  std::string known_options_json_;
  std::optional<Batcher<AddItem>> adds_;
  std::optional<Batcher<EndItem>> ends_;
  std::mt19937_64 random_{std::random_device{}()};
};

// What all handles of a job share.
struct JobHandleState {
  std::shared_ptr<QueueBackend> queue;
  JobRecord record;
  std::string token;
  AddOutcome outcome = AddOutcome::created;

  [[nodiscard]] static JobHandleState& of(const Job& job) noexcept { return *job.state_; }
};

}  // namespace bullmq::detail
