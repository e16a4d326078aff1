#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/state.hpp"

namespace shunt::flip {

// What of one model is in Redis and has not ended.
struct OpenWork {
  std::string model;
  std::uint64_t waiting = 0;  // for a worker, those with a priority among them
  std::uint64_t active = 0;
  std::uint64_t delayed = 0;  // for their next attempt
  std::uint64_t awaited =
      0;  // open in the records and in no list of the queue: an end that is still to be told
  [[nodiscard]] std::uint64_t total() const noexcept { return waiting + active + delayed + awaited; }
};

// What would be gone with Redis although it has ended, and the latest moment at which it goes by itself.
struct KeptThings {
  std::uint64_t count = 0;
  std::optional<WallTime> until;
};

struct DrainFacts {
  FlipState state = FlipState::kOff;  // acting
  bool sends_to_queue = false;        // the state, or its weight, lets any request through
  std::vector<std::string> unaware;   // processes that have not acknowledged the record's epoch
  std::vector<OpenWork> work;
  KeptThings results;  // that callers may still fetch
  KeptThings keys;     // idempotency keys that still hold
};

enum class DrainStage {
  kAdmitting,  // new work may still reach the queue
  kDraining,   // none does; what is there comes to its end
  kDrained,    // nothing is open
};
[[nodiscard]] std::string_view drain_stage_name(DrainStage stage) noexcept;  // "draining"

// What a person accepts to lose.
struct AcceptedLoss {
  bool results = false;
  bool keys = false;
};

struct DrainVerdict {
  DrainStage stage = DrainStage::kAdmitting;
  bool may_disconnect = false;
  std::vector<std::string> reasons;  // why it may not, each a sentence; empty where it may
};

// How far a fleet is on its way off Redis, and whether that may be taken away. Pure; nothing is ever deleted
// for it.
[[nodiscard]] DrainVerdict judge_drain(const DrainFacts& facts, const AcceptedLoss& accepted = {});

}  // namespace shunt::flip
