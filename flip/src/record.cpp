#include "shunt/flip/record.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace shunt::flip {
namespace {

// Where states stand that have no weight, and how far those that have are above them. A fleet that is forced
// to sync is lowest, because nothing may raise it; one that has an abort or a drain to finish is below one
// that has not.
std::uint32_t height_of(const FlipRecord& record) noexcept {
  constexpr std::uint32_t kWeights = 10;
  switch (record.state) {
    case FlipState::kForcedSync:
      return 0;
    case FlipState::kAborting:
      return 1;
    case FlipState::kDraining:
      return 2;
    case FlipState::kOff:
      return 3;
    case FlipState::kDark:
      return 4;
    case FlipState::kShadow:
      return 6;
    case FlipState::kHeld:
      if (acting_state(record) == FlipState::kDark) return 4;
      if (acting_state(record) == FlipState::kShadow) return 5;
      return kWeights + 2 * weight_of(record).hundredths();
    case FlipState::kCanary:
      return kWeights + 2 * weight_of(record).hundredths() + 1;
    case FlipState::kFull:
      return kWeights + 2 * Weight::kWhole + 2;
    case FlipState::kForcedQueue:
      break;
  }
  return kWeights + 2 * Weight::kWhole + 3;
}

}  // namespace

std::string_view actor_kind_name(ActorKind kind) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"person", "controller", "breaker", "configuration"};
  return kNames[static_cast<std::size_t>(kind)];
}

FlipState acting_state(const FlipRecord& record) noexcept {
  return record.state == FlipState::kHeld && record.before ? record.before->state : record.state;
}

Weight weight_of(const FlipRecord& record) noexcept {
  const FlipState acting = acting_state(record);
  if (acting == FlipState::kFull || acting == FlipState::kForcedQueue) return Weight::all();
  if (acting != FlipState::kCanary) return Weight::none();
  const std::size_t step = record.state == FlipState::kHeld ? record.before->step : record.step;
  return step < record.plan.steps.size() ? record.plan.steps[step].weight : Weight::none();
}

bool is_lower(const FlipRecord& a, const FlipRecord& b) noexcept {
  return height_of(a) < height_of(b);
}

std::string place_text(const FlipRecord& record) {
  const auto words = [&](FlipState state, std::size_t step) {
    std::string text(state_name(state));
    if (state != FlipState::kCanary || step >= record.plan.steps.size()) return text;
    text += ' ' + record.plan.steps[step].weight.text() + ", step " + std::to_string(step + 1);
    return text + " of " + std::to_string(record.plan.steps.size());
  };
  if (record.state == FlipState::kForcedSync) return "forced to sync";
  if (record.state == FlipState::kForcedQueue) return "forced to the queue";
  if (record.state != FlipState::kHeld || !record.before) return words(record.state, record.step);
  return "held in " + words(record.before->state, record.before->step);
}

FlipRecord first_record(Strategy strategy, std::string salt, WallTime now) {
  FlipRecord record;
  switch (strategy) {
    case Strategy::kQueue:
      record.state = FlipState::kFull;
      break;
    case Strategy::kSync:
      record.state = FlipState::kDark;
      break;
    case Strategy::kShadow:
      record.state = FlipState::kShadow;
      break;
    case Strategy::kCanary:
      record.state = FlipState::kCanary;
      break;
  }
  record.salt = std::move(salt);
  record.since = now;
  record.why = "the setting `strategy`";
  record.plan = default_plan();
  return record;
}

Result<FlipRecord> compare_and_set(const FlipRecord& stored, const FlipRecord& next) {
  if (next.epoch == stored.epoch + 1) return next;
  return Error{"flip_stale_epoch",
               "the flip's record is at epoch " + std::to_string(stored.epoch) + "; a change to epoch " +
                   std::to_string(next.epoch) + " was not made from it. Read it again and decide anew",
               Retryable::kYes}
      .with("epoch", Json(stored.epoch));
}

std::optional<FlipRecord> merge(const FlipRecord& stored, const FlipRecord& local) {
  if (!is_lower(local, stored)) return std::nullopt;
  FlipRecord merged = local;
  merged.epoch = std::max(stored.epoch, local.epoch) + 1;
  // What the rest of the fleet went through meanwhile is where a release comes back to, if it is lower.
  if (merged.before && !is_forced(stored.state) && stored.state != FlipState::kHeld) {
    FlipRecord at_release = local;
    at_release.state = merged.before->state;
    at_release.step = merged.before->step;
    at_release.before.reset();
    if (is_lower(stored, at_release)) {
      const bool lies_lower = stored.state == FlipState::kAborting || stored.state == FlipState::kDraining;
      merged.before = Resting{lies_lower ? FlipState::kOff : stored.state, stored.step};
      merged.plan = stored.plan;
    }
  }
  merged.cool_down_until = std::max(stored.cool_down_until, local.cool_down_until);
  merged.cool_down = std::max(stored.cool_down, local.cool_down);
  return merged;
}

FlipRecord starting_record(const StoreAnswer& stored, const std::optional<FlipRecord>& kept,
                           const FlipRecord& first) {
  if (stored.readable && stored.record) return *stored.record;
  if (kept) return *kept;
  if (stored.readable || first.state == FlipState::kFull) return first;
  FlipRecord dark = first;
  dark.state = FlipState::kDark;
  dark.step = 0;
  dark.why = "the store cannot be read and nothing is kept: nothing higher than dark";
  return dark;
}

}  // namespace shunt::flip
