#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bullmq/redis_reply.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
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
  std::string queue;  // "<prefix>:<queue>"
  std::uint64_t sequence = 0;
  std::uint64_t attempt = 0;
  std::string worker;  // who runs it; "" = nobody of ours
  bool cancel_requested = false;
  JobLook job;
  // The end of the log, when its result has to be loaded first; `generation` is as it was just before it.
  std::optional<GenerationEvent> withheld{};
};

using ReadOutcome = std::variant<StoredGeneration, GenerationGone, GenerationUnknown>;

[[nodiscard]] JobLook decode_job_look(const bullmq::RedisReply& reply);

// One element of read.lua's answer. Fails with `invalid_events` or an envelope's codes for what cannot be
// understood: written by a newer version, or by hand.
// Fails with `overloaded` when `memory` has no room for what the generation holds.
[[nodiscard]] Result<ReadOutcome> decode_stored(const bullmq::RedisReply& reply, const Clock& clock,
                                                MemoryBudget& memory = MemoryBudget::unlimited());

}  // namespace shunt::executor
