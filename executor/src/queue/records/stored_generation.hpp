#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bullmq/redis_reply.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/generation.hpp"
#include "shunt/generation/generation_store.hpp"

namespace shunt::executor {

// What a job's hash says, beside the log. All absent: there is no job.
struct JobLook {
  bool exists = false;
  std::optional<std::int64_t> processed_on;
  std::optional<std::int64_t> finished_on;
  std::string progress;  // JSON
  std::optional<std::string> return_value;
  std::optional<std::string> failed_reason;
};

// A generation as read.lua found it.
struct StoredGeneration {
  std::shared_ptr<Generation> generation;
  std::string queue;           // "<prefix>:<queue>"
  std::uint64_t sequence = 0;  // of the log's last event
  std::uint64_t attempt = 0;
  std::string worker;  // who runs it; "" = nobody of ours
  bool cancel_requested = false;
  JobLook job;
  // The API process that runs it itself; "" = it went to its queue.
  std::string owner{};
  // Where the log of one that has an owner is.
  enum class Log {
    kHere,  // in the record, as far as it has come; always so without an owner
    kOpen,  // with its owner alone
    kHeld,  // the same, and it has ended: `generation` has its end, but neither text nor result
  };
  Log log = Log::kHere;
  // The end of the log, when its result has to be loaded first; `generation` is as it was just before it.
  std::optional<GenerationEvent> withheld{};
};

using ReadOutcome = std::variant<StoredGeneration, GenerationGone, GenerationUnknown>;

[[nodiscard]] JobLook decode_job_look(const bullmq::RedisReply& reply);

// How much of a log is made into the generation again: all of it, or what a summary shows (batches of nothing
// but text are empty then, and the generation's own numbers of its events are not the log's).
enum class Replay { kWhole, kSummary };

// One element of read.lua's or summary.lua's answer about the generation `id`. Whatever the record holds,
// what comes out is a generation whose log is whole: the record is this generation's and lies in its model's
// queue, its log has no gap and ends as its state says. Fails with `broken_record` for everything else:
// written by a newer version, by hand, or by somebody who should not; and with `overloaded` when `memory` has
// no room for what the generation holds. Pure but for that.
[[nodiscard]] Result<ReadOutcome> decode_stored(const bullmq::RedisReply& reply, std::string_view id,
                                                const GenerationKeys& keys, const Clock& clock,
                                                Replay how = Replay::kWhole,
                                                MemoryBudget& memory = MemoryBudget::unlimited());

// read.lua's answer about one generation. Fails as decode_stored does.
[[nodiscard]] Result<ReadOutcome> decode_read(const bullmq::RedisReply& reply, std::string_view id,
                                              const GenerationKeys& keys, const Clock& clock,
                                              MemoryBudget& memory = MemoryBudget::unlimited());

// summary.lua's answer about generations, of which it has as many as one call may cost.
struct Summary {
  std::string id;
  Result<ReadOutcome> outcome;
};
struct Summaries {
  std::vector<Summary> found;  // of the first ids that were asked for; at least one
  std::size_t bytes = 0;
};
[[nodiscard]] Result<Summaries> decode_summaries(const bullmq::RedisReply& reply,
                                                 const std::vector<std::string>& ids,
                                                 const GenerationKeys& keys, const Clock& clock,
                                                 MemoryBudget& memory = MemoryBudget::unlimited());

// look_at_jobs.lua's answer about one generation.
struct RecordExpired {};
struct JobTooLarge {};  // its job says too much for a look at many
struct LookedAt {
  GenerationState state = GenerationState::kQueued;
  std::uint64_t sequence = 1;
  std::uint64_t attempt = 0;
  std::string worker;  // "" = nobody of ours runs it
  JobLook job;
};
using JobLookAnswer = std::variant<LookedAt, RecordExpired, JobTooLarge>;
// Fails as decode_stored does, and with `queue_unavailable` for another shape. Pure.
[[nodiscard]] Result<JobLookAnswer> decode_looked_at(const bullmq::RedisReply& reply);
// The whole answer, about `asked` generations.
[[nodiscard]] Result<std::vector<Result<JobLookAnswer>>> decode_job_looks(const bullmq::RedisReply& reply,
                                                                          std::size_t asked);

}  // namespace shunt::executor
