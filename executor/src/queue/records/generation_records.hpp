#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/error.hpp"
#include "bullmq/redis.hpp"
#include "queue/records/fleet_answer.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/records/log_batch.hpp"
#include "queue/records/script_answers.hpp"
#include "queue/records/script_batcher.hpp"
#include "queue/records/stored_generation.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/generation_store.hpp"

namespace shunt::executor {

using bullmq::awaitable;

// A generation that asks to be let in.
struct AdmissionRequest {
  std::string id;
  std::string model;
  std::string head;         // of its envelope
  std::string claim;        // the name of its idempotency key; "" = none
  std::string fingerprint;  // of its payload
  std::size_t max_waiting = 0;
  std::size_t slots = 0;             // that the model has while no worker has told how many it runs
  std::chrono::milliseconds ttl{0};  // of its record, while it is open
  std::string caller;
  std::size_t max_open = 0;  // generations that the caller may have open; 0 = any number
  OnLost on_lost = OnLost::kRerun;
};

// An attempt that a worker wants to begin.
struct AttemptRequest {
  std::string id;
  std::string model;
  std::string head;                  // "" = it is asked for where there is no record
  std::chrono::milliseconds ttl{0};  // of the record, while it is open
  WallTime created_at{};
  std::string lock_token;  // of the job: nothing is begun unless the lock has it
};

// Where a search of a list goes on, and what it looks for.
struct ListSearch {
  std::string before;       // ids older than this one; "" = from the newest
  std::size_t stretch = 0;  // how many ids to look at
  std::size_t wanted = 0;   // how many to find
  std::optional<std::string> caller{};
  std::optional<GenerationState> state{};
  std::optional<std::string> model{};
  bool despite_unadopted = false;  // look even while a version before's generations are in no list yet
};

struct GenerationRecordsOptions {
  QueueOptions queue;
  std::string process;  // of whom the records tell that it follows, or runs, a generation
  const Clock* clock = &system_clock();
  MemoryBudget* memory = &MemoryBudget::unlimited();  // for generations that are read
  WorkerObserver* observer = nullptr;                 // is told of appends; may be null
};

// All that is known in Redis of generations, and every change of it: one function for each script of
// executor/lua, whose head tells what it does. Here, and in the other files of this folder, arguments are
// packed and answers decoded; everybody else sees types.
//
// Every function throws bullmq::Error when there is no answer (ConnectionError, with its fate) or when Redis
// refuses the command (RedisError). A Result fails with `broken_record` where a key is not as ours write it,
// and with `queue_unavailable` where the answer is none of the script's. Those that repeating cannot harm are
// sent again by themselves when the connection breaks under them.
//
// Copies share the connection and the batchers. One thread: the connection's. What it refers to (loop, clock,
// memory, observer) outlives it. A call that is cancelled has an unknown fate.
class GenerationRecords {
 public:
  GenerationRecords(EventLoop& loop, bullmq::Redis redis, const GenerationRecordsOptions& options);

  // Scripts that many generations share a call of (ScriptBatcher).
  awaitable<Result<AdmitAnswer>> admit(AdmissionRequest request);
  awaitable<Result<BeginAnswer>> begin(AttemptRequest request);
  awaitable<AppendAnswer> append(LogBatch batch);

  // One generation.
  // Takes an admission back whose job was refused. No effect once a worker has begun.
  awaitable<void> undo_admission(std::string id, std::string claim);
  awaitable<Result<CancelAnswer>> cancel(std::string id, std::string reason);
  // kYes has later events sent to this process.
  enum class Follow { kNo, kYes };
  awaitable<Result<ReadOutcome>> read(std::string id, Follow follow);
  awaitable<Result<RequestAnswer>> request(std::string id);
  // Keeps the envelope with the record: the job, which has it, is about to be removed.
  awaitable<void> keep_request(std::string id);
  enum class Deletion { kLook, kDo };
  awaitable<Result<DeleteAnswer>> delete_ended(std::string id, Deletion how);
  // The same of one whose record is not as ours are, whatever it is instead; with a caller only if it is this
  // one's. DeleteEnded has no queue where the record tells none of ours.
  awaitable<Result<DeleteAnswer>> discard(std::string id, std::optional<std::string> caller, Deletion how);
  // Whether one that is gone was this caller's: false also where that is not remembered any more.
  awaitable<Result<bool>> was_of(std::string id, std::string caller);
  // Notes that the generation has these bytes in the artifact store, before they are put there by this
  // attempt; without one, by the process that runs it itself.
  awaitable<ReserveAnswer> reserve(std::string sha256, std::string id, std::optional<std::uint64_t> attempt);

  // Many.
  awaitable<void> unwatch(std::vector<std::string> ids);
  // One answer for each id.
  awaitable<Result<std::vector<Result<JobLookAnswer>>>> look_at_jobs(std::vector<std::string> ids);
  awaitable<Result<ListAnswer>> list(ListSearch search);
  // Reads as many of the ids, from the first on, as one call may cost.
  awaitable<Result<Summaries>> summaries(std::vector<std::string> ids);
  awaitable<Result<AdoptAnswer>> adopt(std::size_t most);
  // Forgets ids that are older than this. Returns where to go on; "0" = that was all.
  awaitable<std::string> trim(WallTime oldest, std::string position);
  awaitable<Result<StraysAnswer>> strays(std::string queue_key, std::size_t from, std::size_t count);
  awaitable<Result<ReleaseAnswer>> release(std::string position);

  // Models and workers.
  // A write, and in the same round trip how these models stand.
  awaitable<Result<std::vector<ModelDescription>>> probe_health(std::vector<std::string> models);
  awaitable<Result<Fleet>> fleet(std::vector<std::string> models);

  // Single commands.
  awaitable<bool> job_exists(std::string model, std::string id);
  // Whether somebody has ended it because it never came into its queue.
  awaitable<bool> was_given_up(std::string id);
  struct LastAttempt {
    std::string worker;
    std::uint64_t attempt = 0;
  };
  awaitable<LastAttempt> last_attempt(std::string id);
  // Open generations of a model that were admitted before `until`, the oldest first, without the first
  // `skip`.
  awaitable<std::vector<std::string>> open_before(std::string model, WallTime until, std::size_t skip,
                                                  std::size_t count);
  // Their records have expired, so they are open no longer.
  awaitable<void> drop_open(std::string model, std::vector<std::string> ids);
  // The bytes are removed: they may be stored again.
  awaitable<void> finish_release(std::string sha256);

  [[nodiscard]] const GenerationKeys& keys() const noexcept { return keys_; }

 private:
  enum class Repeat { kNo, kHarmless };
  awaitable<bullmq::RedisReply> run(const bullmq::RedisScript& script, std::vector<std::string> arguments,
                                    Repeat repeat);
  awaitable<bullmq::RedisReply> execute(std::vector<std::string> command, Repeat repeat);
  [[nodiscard]] std::string now_ms() const;

  bullmq::Redis redis_;
  GenerationRecordsOptions options_;
  GenerationKeys keys_;
  ScriptBatcher admissions_;
  ScriptBatcher begins_;
  ScriptBatcher appends_;
};

// For duties, which have nobody to tell what is wrong but their log: the value, or RedisError.
template <typename T>
[[nodiscard]] T value_or_throw(Result<T> result) {
  if (!result) throw bullmq::RedisError(result.error().message);
  return std::move(*result);
}

}  // namespace shunt::executor
