#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/plan.hpp"
#include "shunt/flip/state.hpp"
#include "shunt/flip/weight.hpp"

namespace shunt::flip {

inline constexpr int kRecordVersion = 1;
// Of a record's text, plan and lists included. Twice what the largest plan takes (2 lists of 100 names of 255
// bytes).
inline constexpr std::size_t kMaxRecordBytes = 128 * 1024;
inline constexpr std::size_t kMaxSaltBytes = 32;
inline constexpr std::size_t kMaxWhyBytes = 500;
inline constexpr std::size_t kMaxActorBytes = 128;
inline constexpr std::size_t kMaxBuildBytes = 128;

// Who changed a record.
enum class ActorKind { kPerson, kController, kBreaker, kConfiguration };
struct Actor {
  ActorKind kind = ActorKind::kConfiguration;
  std::string name;  // of a key, a process; "" where there is none
  [[nodiscard]] bool operator==(const Actor&) const = default;
};
[[nodiscard]] std::string_view actor_kind_name(ActorKind kind) noexcept;

// Where a held or forced fleet was before.
struct Resting {
  FlipState state = FlipState::kOff;  // off, dark, shadow, canary or full
  std::size_t step = 0;               // of a canary
  [[nodiscard]] bool operator==(const Resting&) const = default;
};

// All that a fleet agrees on, in one value that lies in Redis, in each process and, where a path is
// configured, on each process's disk. Every change raises the epoch by one and is compared and set on it.
struct FlipRecord {
  std::uint64_t epoch = 1;
  FlipState state = FlipState::kOff;
  std::size_t step = 0;  // of the plan, in canary
  std::string salt;      // of the buckets: a new one for each rollout and after each abort
  WallTime since{};      // when this state, or this step, was entered
  Actor by;              // who moved it there
  std::string why;
  Plan plan;
  std::optional<Resting> before;           // of held and forced states
  WallTime cool_down_until{};              // the epoch of the clock: nothing starts before it
  std::chrono::milliseconds cool_down{0};  // how long the last one was; the next is twice as long
  std::string build;  // version of workers, models and protocol that the analysis belongs to
  [[nodiscard]] bool operator==(const FlipRecord&) const = default;
};

// Where new work goes: of a held fleet that of the state before.
[[nodiscard]] FlipState acting_state(const FlipRecord& record) noexcept;
[[nodiscard]] Weight weight_of(const FlipRecord& record) noexcept;
// "canary 5%, step 2 of 5", "held in canary 5%, step 2 of 5", "forced to sync": for people.
[[nodiscard]] std::string place_text(const FlipRecord& record);

// Whether two records differ in nothing but what an epoch stands for, and which of two sends less through the
// queue. The order of states, lowest first: forced_sync, aborting, draining, off, dark, shadow, then held
// below canary by weight, full, forced_queue. Among those that send nothing through the queue the one with
// more left to do is lower.
[[nodiscard]] bool is_lower(const FlipRecord& a, const FlipRecord& b) noexcept;

// Reads a record that anybody may have written. Strict: a version other than 1, a member that is not known or
// out of bounds, and a step or a state before that its state cannot have are errors (`invalid_flip_record`),
// and whoever reads it stays in the state that they knew.
[[nodiscard]] Result<FlipRecord> parse_record(std::string_view text);
[[nodiscard]] std::string record_text(const FlipRecord& record);

// The setting `strategy`: where a fleet begins of which no record exists.
enum class Strategy { kQueue, kSync, kShadow, kCanary };
[[nodiscard]] FlipRecord first_record(Strategy strategy, std::string salt, WallTime now);

// What the store may become, where it has `stored`: `next`, if that was made from it. The error
// (`flip_stale_epoch`) says which epoch is there; the caller reads again and decides anew.
[[nodiscard]] Result<FlipRecord> compare_and_set(const FlipRecord& stored, const FlipRecord& next);

// What becomes of a record that a process changed by itself while the store was away (force sync), now that
// the store is back: the lower of the two, as a change of the stored one. nullopt: the stored one holds.
[[nodiscard]] std::optional<FlipRecord> merge(const FlipRecord& stored, const FlipRecord& local);

// With what a process starts. `stored`: what the store says, if it can be read. `kept`: the copy on this
// process's disk. `first`: what configuration begins with, which counts only if the store says that it has
// none, or for a fleet that had no flip before (Strategy::kQueue); otherwise what is unknown is nothing
// higher than dark.
struct StoreAnswer {
  bool readable = false;
  std::optional<FlipRecord> record;
};
[[nodiscard]] FlipRecord starting_record(const StoreAnswer& stored, const std::optional<FlipRecord>& kept,
                                         const FlipRecord& first);

}  // namespace shunt::flip
