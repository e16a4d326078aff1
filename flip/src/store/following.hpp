#pragma once

#include <optional>
#include <string_view>

#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::flip {

// The record that a process acts on, and how it came by it.
struct LocalRecord {
  FlipRecord record;
  // Neither store nor disk had one: it gives way to whatever the store has, or to what configuration says.
  bool provisional = false;
  bool unmerged = false;  // changed by this process alone
  [[nodiscard]] bool operator==(const LocalRecord&) const = default;
};

// With what a process starts before it has heard of the store. `kept`: what its disk has.
[[nodiscard]] LocalRecord local_at_start(const std::optional<LocalRecord>& kept, const FlipRecord& first);

// What a process does when it has read the store.
enum class FollowStep {
  kKeep,   // it acts on what the store has
  kAdopt,  // from now on it acts on what the store has
  kStore,  // what is in the store is to become `record`, by compare and set on what was read
};
struct Following {
  FollowStep step = FollowStep::kKeep;
  FlipRecord record;            // to act on, or to store
  std::string_view event = {};  // of the audit, with kStore: "first record", "restored", "merged"
};

// Pure. `stored`: nullopt where the store can be read and has none. What was changed here alone, and what the
// store has lost (its epoch is behind, or another record has the same one and is older), is merged: the lower
// of the two holds. A store that has nothing gets back what this process acts on.
[[nodiscard]] Following follow(const std::optional<FlipRecord>& stored, const LocalRecord& local,
                               const FlipRecord& first);

}  // namespace shunt::flip
