#include "shunt/flip/decision.hpp"

#include <algorithm>
#include <array>

namespace shunt::flip {
namespace {

struct ReasonWords {
  std::string_view name;
  std::string_view feature_flag;
};
constexpr std::array<ReasonWords, kReasons> kReasonWords{{{"forced", "static"},
                                                          {"override", "targeting_match"},
                                                          {"model_rule", "targeting_match"},
                                                          {"deny_list", "targeting_match"},
                                                          {"allow_list", "targeting_match"},
                                                          {"split", "split"},
                                                          {"split_not_sticky", "split"},
                                                          {"state", "default"},
                                                          {"canary_full", "default"},
                                                          {"store_unreadable", "stale"},
                                                          {"fallback_breaker", "fallback_breaker"},
                                                          {"fallback_broker", "fallback_broker"}}};

// Whether the state lets anything but a forced fleet use the queue, and whether rules and lists count in it.
bool may_use_queue(FlipState state) noexcept {
  return state == FlipState::kDark || state == FlipState::kShadow || state == FlipState::kCanary ||
         state == FlipState::kFull;
}
bool serves_callers(FlipState state) noexcept {
  return state == FlipState::kCanary || state == FlipState::kFull;
}

struct StickyKey {
  std::string_view text;
  bool stays;
};
StickyKey sticky_key(const Asker& asker) noexcept {
  for (const std::string_view key : {asker.tenant, asker.caller, asker.idempotency_key}) {
    if (!key.empty()) return {key, true};
  }
  return {asker.draw, false};
}

Decision split(const Snapshot& snapshot, const DecisionInput& input, Decision decision) {
  const StickyKey key = sticky_key(input.asker);
  decision.bucket = bucket_of(snapshot.salt(), key.text);
  decision.salt = snapshot.salt();
  decision.side = side_of(*decision.bucket, snapshot.weight());
  decision.reason = key.stays ? Reason::kSplit : Reason::kSplitNotSticky;
  if (decision.side == Side::kCanary) decision.executor = ExecutorKind::kQueue;
  return decision;
}

bool is_listed(const Asker& asker, const Snapshot& snapshot,
               bool (Snapshot::*list)(std::string_view) const noexcept) noexcept {
  return (snapshot.*list)(asker.tenant) || (snapshot.*list)(asker.caller);
}

// What precedes bucket and state, if anything does.
std::optional<Decision> targeted(const Snapshot& snapshot, const DecisionInput& input, Decision decision) {
  const FlipState state = snapshot.state();
  const auto to = [&](ExecutorKind executor, Reason reason) {
    decision.executor = executor;
    decision.reason = reason;
    return decision;
  };
  if (state == FlipState::kForcedSync) return to(ExecutorKind::kSync, Reason::kForced);
  if (state == FlipState::kForcedQueue) return to(ExecutorKind::kQueue, Reason::kForced);
  if (input.override_to == ExecutorKind::kSync) return to(ExecutorKind::kSync, Reason::kOverride);
  if (input.override_to && may_use_queue(state)) return to(ExecutorKind::kQueue, Reason::kOverride);
  if (input.rule == ModelRule::kSync) return to(ExecutorKind::kSync, Reason::kModelRule);
  if (!serves_callers(state)) return std::nullopt;
  if (input.rule == ModelRule::kQueue) return to(ExecutorKind::kQueue, Reason::kModelRule);
  if (is_listed(input.asker, snapshot, &Snapshot::denies)) return to(ExecutorKind::kSync, Reason::kDenied);
  if (state == FlipState::kCanary && is_listed(input.asker, snapshot, &Snapshot::allows)) {
    return to(ExecutorKind::kQueue, Reason::kAllowed);
  }
  return std::nullopt;
}

}  // namespace

std::string_view executor_name(ExecutorKind kind) noexcept {
  return kind == ExecutorKind::kQueue ? "queue" : "sync";
}
std::string_view reason_name(Reason reason) noexcept {
  return kReasonWords[static_cast<std::size_t>(reason)].name;
}
std::optional<Reason> parse_reason(std::string_view name) noexcept {
  const auto found = std::ranges::find(kReasonWords, name, &ReasonWords::name);
  if (found == kReasonWords.end()) return std::nullopt;
  return static_cast<Reason>(found - kReasonWords.begin());
}
std::span<const Reason> reasons_of(ExecutorKind executor) noexcept {
  using enum Reason;
  // A fallback runs in sync; what the canary has no room for, or nobody watches, does too.
  static constexpr std::array kQueue{kForced, kOverride,       kModelRule, kAllowed,
                                     kSplit,  kSplitNotSticky, kState};
  static constexpr std::array kSync{kForced,          kOverride,        kModelRule,     kDenied,
                                    kSplit,           kSplitNotSticky,  kState,         kCanaryFull,
                                    kStoreUnreadable, kFallbackBreaker, kFallbackBroker};
  return executor == ExecutorKind::kQueue ? std::span<const Reason>(kQueue) : std::span<const Reason>(kSync);
}
std::string_view feature_flag_reason(Reason reason) noexcept {
  return kReasonWords[static_cast<std::size_t>(reason)].feature_flag;
}

Decision decide(const Snapshot& snapshot, const DecisionInput& input) {
  Decision decision;
  decision.epoch = snapshot.epoch();
  std::optional<Decision> found = targeted(snapshot, input, decision);
  const bool by_person_or_rule = found && found->reason != Reason::kAllowed;
  if (by_person_or_rule) return *std::move(found);
  if (snapshot.state() == FlipState::kFull) {
    decision.executor = ExecutorKind::kQueue;
    return decision;
  }
  if (snapshot.state() != FlipState::kCanary) return decision;
  Decision placed = found ? *std::move(found) : split(snapshot, input, decision);
  if (placed.executor == ExecutorKind::kSync) return placed;
  const bool full = snapshot.max_in_flight() != 0 && input.canary_in_flight >= snapshot.max_in_flight();
  if (!full && !snapshot.is_blind()) return placed;
  placed.executor = ExecutorKind::kSync;
  placed.reason = snapshot.is_blind() ? Reason::kStoreUnreadable : Reason::kCanaryFull;
  placed.side = Side::kNone;  // it did not run where its bucket says
  return placed;
}

}  // namespace shunt::flip
