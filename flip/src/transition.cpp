#include "shunt/flip/transition.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace shunt::flip {
namespace {

using S = FlipState;

// What a person calls it.
std::string_view command_of(FlipEvent event) {
  return event == FlipEvent::kAdvance ? "promote" : event_name(event);
}

Error not_allowed(const FlipRecord& record, const TransitionInput& input) {
  std::string why = "there is no " + std::string(command_of(input.event)) + " in the state " +
                    std::string(state_name(record.state));
  if (input.event == FlipEvent::kStart && record.state == S::kFull) {
    why +=
        ": everything uses the queue already. For a rollout by steps go down first: shunt flip abort, then "
        "shunt flip start --override cool_down";
  } else if (input.event == FlipEvent::kBack && record.state == S::kCanary) {
    why += ", which is in its first step: shunt flip abort leads down";
  }
  return Error{"flip_not_allowed", std::move(why)};
}

// Whoever goes up waits for what is known of the way and for those who have not heard of the last change.
std::optional<Error> refuse_up(const TransitionInput& input) {
  if (!input.preflight_passed) {
    return Error{"flip_preflight_failed",
                 "the preflight has not passed; see its rows, or override it by name"};
  }
  if (!input.converged) {
    return Error{"flip_not_converged", "not every process has acknowledged the present epoch",
                 Retryable::kYes};
  }
  return std::nullopt;
}

// `record` in another place, with the next epoch.
FlipRecord moved(const FlipRecord& record, const TransitionInput& input, S state, std::size_t step = 0) {
  FlipRecord next = record;
  next.epoch = record.epoch + 1;
  next.state = state;
  next.step = step;
  next.since = input.now;
  next.by = input.by;
  next.why = input.why.substr(0, valid_utf8_prefix(std::string_view(input.why).substr(0, kMaxWhyBytes)));
  next.before.reset();
  return next;
}

FlipRecord held_at(const FlipRecord& record, const TransitionInput& input, Resting before) {
  FlipRecord next = moved(record, input, S::kHeld);
  next.before = before;
  return next;
}

Resting place_of(const FlipRecord& record) {
  return record.before ? *record.before : Resting{record.state, record.step};
}

// From dark, too: that is where a fleet begins with `strategy = "sync"`, and nobody has given it a plan yet.
Result<FlipRecord> start(const FlipRecord& record, const TransitionInput& input) {
  if (record.state != S::kOff && record.state != S::kDark) return not_allowed(record, input);
  if (record.state == S::kOff) {
    if (auto refused = refuse_up(input)) return *refused;
  }
  if (input.now < record.cool_down_until && !input.cool_down_overridden) {
    return Error{"flip_cooling_down", "the last rollout was taken back; nothing starts before " +
                                          format_rfc3339(record.cool_down_until) +
                                          " unless a person overrides it (--override cool_down)"}
        .with("until", format_rfc3339(record.cool_down_until));
  }
  FlipRecord next = moved(record, input, S::kDark);
  next.plan = input.plan.value_or(default_plan());
  next.salt = input.new_salt;
  next.build = input.build;
  return next;
}

Result<FlipRecord> advance(const FlipRecord& record, const TransitionInput& input) {
  if (record.state != S::kDark && record.state != S::kShadow && record.state != S::kCanary) {
    return not_allowed(record, input);
  }
  if (auto refused = refuse_up(input)) return *refused;
  if (record.state == S::kDark && record.plan.shadow.enabled) return moved(record, input, S::kShadow);
  const std::size_t step = record.state == S::kCanary ? record.step + 1 : 0;
  if (step < record.plan.steps.size()) return moved(record, input, S::kCanary, step);
  FlipRecord full = moved(record, input, S::kFull);
  full.cool_down = std::chrono::milliseconds(0);  // a rollout that came through forgives those before it
  return full;
}

Result<FlipRecord> hold(const FlipRecord& record, const TransitionInput& input) {
  if (record.state != S::kDark && record.state != S::kShadow && record.state != S::kCanary) {
    return not_allowed(record, input);
  }
  return held_at(record, input, {record.state, record.step});
}

// The weight stays as it is, so this is no way up: but only a converged fleet has a comparison to begin.
Result<FlipRecord> resume(const FlipRecord& record, const TransitionInput& input) {
  if (record.state != S::kHeld) return not_allowed(record, input);
  if (auto refused = refuse_up(input)) return *refused;
  return moved(record, input, record.before->state, record.before->step);
}

Result<FlipRecord> back(const FlipRecord& record, const TransitionInput& input) {
  if (acting_state(record) != S::kCanary || place_of(record).step == 0) return not_allowed(record, input);
  return moved(record, input, S::kCanary, place_of(record).step - 1);
}

Result<FlipRecord> abort(const FlipRecord& record, const TransitionInput& input) {
  if (record.state == S::kOff || record.state == S::kAborting || record.state == S::kDraining) {
    return not_allowed(record, input);
  }
  FlipRecord next = moved(record, input, S::kAborting);
  next.salt = input.new_salt;
  const auto doubled = std::min(2 * record.cool_down, record.plan.max_cool_down);
  next.cool_down = std::max(record.plan.cool_down, doubled);
  next.cool_down_until = input.now + next.cool_down;
  return next;
}

Result<FlipRecord> force(const FlipRecord& record, const TransitionInput& input, S forced) {
  if (record.state == forced) return not_allowed(record, input);
  const Resting place = place_of(record);
  FlipRecord next = moved(record, input, forced);
  const bool ending = place.state == S::kAborting || place.state == S::kDraining;
  next.before = ending ? Resting{S::kOff, 0} : place;
  return next;
}

// Back to where the fleet was; a canary comes back held, so that a person looks before it climbs on. What was
// off, or on its way there, is taken back in order, because the queue may have work by now.
Result<FlipRecord> release(const FlipRecord& record, const TransitionInput& input) {
  if (!is_forced(record.state)) return not_allowed(record, input);
  const Resting before = *record.before;
  if (before.state == S::kOff) return moved(record, input, S::kAborting);
  FlipRecord next = before.state == S::kCanary ? held_at(record, input, before)
                                               : moved(record, input, before.state, before.step);
  if (!is_lower(next, record)) {
    if (auto refused = refuse_up(input)) return *refused;
  }
  return next;
}

Result<FlipRecord> change_version(const FlipRecord& record, const TransitionInput& input) {
  FlipRecord next = record;
  if (record.state == S::kCanary) {
    next = moved(record, input, S::kCanary, 0);
    next.salt = input.new_salt;
  } else if (record.state == S::kDark || record.state == S::kShadow) {
    next = moved(record, input, record.state);
  } else if (record.state == S::kHeld && record.before->state == S::kCanary) {
    next = held_at(record, input, {S::kCanary, 0});
    next.salt = input.new_salt;
  } else {
    // It is on record and moves nobody: a rolling deploy of a fleet in `full` is a usual day.
    next.epoch = record.epoch + 1;
  }
  next.build = input.build;
  return next;
}

}  // namespace

std::string_view event_name(FlipEvent event) noexcept {
  constexpr std::array<std::string_view, kFlipEvents> kNames{
      "start",        "advance", "hold",       "resume",      "back",    "abort",
      "acknowledged", "drained", "force sync", "force queue", "release", "version change"};
  return kNames[static_cast<std::size_t>(event)];
}

Result<FlipRecord> transition(const FlipRecord& record, const TransitionInput& input) {
  switch (input.event) {
    case FlipEvent::kStart:
      return start(record, input);
    case FlipEvent::kAdvance:
      return advance(record, input);
    case FlipEvent::kHold:
      return hold(record, input);
    case FlipEvent::kResume:
      return resume(record, input);
    case FlipEvent::kBack:
      return back(record, input);
    case FlipEvent::kAbort:
      return abort(record, input);
    case FlipEvent::kAcknowledged:
      if (record.state != S::kAborting || !input.converged) return not_allowed(record, input);
      return moved(record, input, S::kDraining);
    case FlipEvent::kDrained:
      if (record.state != S::kDraining) return not_allowed(record, input);
      return moved(record, input, S::kOff);
    case FlipEvent::kForceSync:
      return force(record, input, S::kForcedSync);
    case FlipEvent::kForceQueue:
      return force(record, input, S::kForcedQueue);
    case FlipEvent::kRelease:
      return release(record, input);
    case FlipEvent::kVersionChanged:
      return change_version(record, input);
  }
  return not_allowed(record, input);
}

}  // namespace shunt::flip
