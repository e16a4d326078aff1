#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// Events that continue a generation's log, as append.lua takes them.
struct LogBatch {
  // What comes after them.
  enum class Then {
    kMore,
    kEnd,          // nothing: the last event is terminal
    kRetry,        // another attempt, when the job has come back: nobody runs the generation until then
    kNeverQueued,  // nothing, and its idempotency key is free: it has failed before it was in its queue
  };
  std::string id;
  // The writer's right to write: the attempt that it began, or the last one that began for what an API
  // process writes of a generation that nobody runs. None: whoever comes first.
  std::optional<std::uint64_t> attempt;
  // The writer has the right of the owner of a sync generation (register.lua), whatever `attempt` is.
  bool by_owner = false;
  std::uint64_t first = 0;
  std::size_t count = 0;
  std::string events;  // encode_events
  Then then = Then::kMore;
  std::string state;  // with kEnd: the terminal one
};

// Makes a batch of events that are numbered already; there is at least one.
[[nodiscard]] LogBatch make_batch(std::string id, std::optional<std::uint64_t> attempt,
                                  const std::vector<GenerationEvent>& events);

// The right to write that append.lua is told.
[[nodiscard]] std::string attempt_of(const LogBatch& batch);
// The end that append.lua is told.
[[nodiscard]] std::string end_of(const LogBatch& batch);

}  // namespace shunt::executor
