#include "fleet/what_next.hpp"

#include <utility>

namespace shunt::flip {
namespace {

using S = FlipState;
using std::chrono::milliseconds;

// Where the controller goes from here.
std::string place_above(const FlipRecord& record) {
  FlipRecord next = record;
  if (record.state == S::kDark && record.plan.shadow.enabled) {
    next.state = S::kShadow;
    return place_text(next);
  }
  next.step = record.state == S::kCanary ? record.step + 1 : 0;
  next.state = next.step < record.plan.steps.size() ? S::kCanary : S::kFull;
  return place_text(next);
}

milliseconds least_time_of(const FlipRecord& record) {
  if (record.state == S::kDark) return record.plan.dark.least_time;
  if (record.state == S::kShadow) return record.plan.shadow.least_time;
  return record.step < record.plan.steps.size() ? record.plan.steps[record.step].least_time : milliseconds(0);
}

WhatNext climbing(const FlipRecord& record, const std::optional<TickReport>& tick, WallTime now) {
  WhatNext next;
  const bool is_known = tick && tick->epoch == record.epoch;
  const milliseconds clock = is_known ? tick->progress.clock : milliseconds(0);
  const milliseconds least = least_time_of(record);
  next.not_before = now + (least > clock ? least - clock : milliseconds(0));
  next.text = place_above(record) + ", when the gate is passed";
  next.text += is_known ? ": " + tick->verdict.why : ": the controller has not looked at it yet";
  next.undo = "shunt flip abort";
  return next;
}

// Up again from where it was taken back. While it cools down a start is refused unless that is overridden.
std::string start_again(const FlipRecord& record, WallTime now) {
  return now < record.cool_down_until ? "shunt flip start --override cool_down" : "shunt flip start";
}

}  // namespace

WhatNext what_next(const FlipRecord& record, const std::optional<TickReport>& tick, WallTime now) {
  switch (record.state) {
    case S::kDark:
    case S::kShadow:
    case S::kCanary:
      return climbing(record, tick, now);
    case S::kHeld:
      return {"nothing, until a person resumes it or takes it back; after " +
                  std::to_string(record.plan.guards.no_data_abort) +
                  " ticks without figures it is taken back",
              std::nullopt, "shunt flip abort"};
    case S::kFull:
      return {record.plan.guards.full == FullGuard::kAbort
                  ? "it is taken back if a guard is broken"
                  : "nothing; a broken guard raises an alert and moves nobody",
              std::nullopt, "shunt flip abort"};
    case S::kAborting:
      return {"draining, as soon as every process has acknowledged epoch " + std::to_string(record.epoch),
              std::nullopt, start_again(record, now) + ", once it is off"};
    case S::kDraining:
      return {
          "off, within a second of the end of the last one that waits, runs, is delayed or awaited in the "
          "queue",
          std::nullopt, start_again(record, now) + ", once it is off"};
    case S::kForcedSync:
    case S::kForcedQueue:
      return {"nothing, until a person releases it", std::nullopt, "shunt flip release"};
    case S::kOff:
      break;
  }
  WhatNext next{"nothing, until a person starts a rollout", std::nullopt, start_again(record, now)};
  if (now < record.cool_down_until) {
    next.text += "; the last one was taken back, and nothing starts before the cool-down is over";
    next.not_before = record.cool_down_until;
  }
  return next;
}

}  // namespace shunt::flip
