#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/flip/namespace.hpp"
#include "shunt/flip/redis_facts.hpp"
#include "shunt/generation/on_lost.hpp"

namespace shunt::flip {

// What a fleet can do and has to: over all its processes, as far as whoever looks knows them.
struct FleetFacts {
  struct Model {
    std::string name;
    std::size_t workers = 0;                // processes with a lease
    std::size_t slots = 0;                  // generations that those run at once
    std::size_t sync_slots = 0;             // that the API processes run at once, all together
    double arrivals_per_second = 0;         // at the peak that is remembered
    std::chrono::milliseconds mean_run{0};  // 0: nothing has run yet
    std::chrono::milliseconds oldest_waiting{0};
    OnLost on_lost = OnLost::kRerun;
    std::vector<std::string> unfit_workers{};  // that serve it, and may run twice what must not be
    std::size_t untold_workers = 0;            // that tell nothing of themselves
  };
  std::vector<Model> models;
  std::vector<std::string> worker_versions;  // each once
  std::string version;                       // of this process
  std::size_t processes = 0;                 // API processes and workers
};

// How a probe generation through the whole path ended.
struct ProbeFacts {
  std::optional<std::string> failure;  // why it did not come back; unset: it did
  std::chrono::milliseconds took{0};
  bool only_looked = false;  // whether Redis takes writes: no model has an input for a probe
};

struct PreflightFacts {
  RedisFacts redis;
  bool prefix_has_tag = true;         // all keys lie in one slot of a cluster
  std::optional<FleetFacts> fleet;    // unset: nothing answered within its time
  std::optional<ProbeFacts> probe;    // unset: none was sent, for there is no model that may be probed
  bool shadow_keeps_prompts = false;  // the plan has a shadow stage: samples of prompts go through Redis
};

enum class CheckOutcome { kPass, kWarn, kFail };
[[nodiscard]] std::string_view check_outcome_name(CheckOutcome outcome) noexcept;  // "pass"

// One row of a preflight.
struct Check {
  std::string name;  // "redis.memory"; what an override names
  CheckOutcome outcome = CheckOutcome::kPass;
  std::string found;   // a sentence
  std::string advice;  // what to do; "" where there is nothing to do
};

// Whether a fleet may go up, row by row, in the order in which a person mends them. Pure. Bounds are those of
// docs/flip/redis.md. What cannot be known (a host that hides it) is a warning, never a pass.
[[nodiscard]] std::vector<Check> preflight(const PreflightFacts& facts);

// The rows about a Redis that could be asked; the first one alone about one that could not. Pure.
[[nodiscard]] std::vector<Check> check_redis(const RedisFacts& redis, bool prefix_has_tag);
// Whether all keys with this prefix lie in one slot of a cluster.
[[nodiscard]] bool has_hash_tag(std::string_view prefix) noexcept;

// The rows that fail and that nobody has overridden by name.
[[nodiscard]] std::vector<std::string> failing(const std::vector<Check>& checks,
                                               const std::vector<std::string>& overridden);

// The share of requests that the sync executors will refuse with 429 at the present rate, from 0 to 1, over
// all models: what whoever goes down is told. 0 where nothing is known of the rate.
[[nodiscard]] double refused_share_in_sync(const FleetFacts& fleet);

}  // namespace shunt::flip
