#include "store/following.hpp"

namespace shunt::flip {

LocalRecord local_at_start(const std::optional<LocalRecord>& kept, const FlipRecord& first) {
  if (kept) return *kept;
  return {.record = starting_record({.readable = false, .record = {}}, std::nullopt, first),
          .provisional = true};
}

Following follow(const std::optional<FlipRecord>& stored, const LocalRecord& local, const FlipRecord& first) {
  if (!stored) {
    if (local.provisional) return {FollowStep::kStore, first, "first record"};
    return {FollowStep::kStore, local.record, local.unmerged ? "merged" : "restored"};
  }
  if (*stored == local.record) return {FollowStep::kKeep, *stored};
  if (local.provisional) return {FollowStep::kAdopt, *stored};
  // A record that a failover or a restored backup has lost: whoever still knows it was made later.
  const bool lost = stored->epoch <= local.record.epoch && stored->since <= local.record.since;
  if (local.unmerged || lost) {
    if (auto merged = merge(*stored, local.record)) return {FollowStep::kStore, *merged, "merged"};
  }
  return {FollowStep::kAdopt, *stored};
}

}  // namespace shunt::flip
