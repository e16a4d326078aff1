#pragma once

#include <optional>
#include <string>

#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::flip {

// What may move a fleet.
enum class FlipEvent {
  kStart,           // a person: off or dark -> dark, with a plan
  kAdvance,         // the controller, or a person who promotes: dark -> shadow -> canary(0) -> ... -> full
  kHold,            // a person, or the controller where it cannot tell
  kResume,          // a person: on from where it was held
  kBack,            // a person: one step of the canary down
  kAbort,           // anybody: weight 0 at once
  kAcknowledged,    // the controller: every process knows of the abort
  kDrained,         // the controller: nothing waits, runs, is delayed or awaited
  kForceSync,       // a person
  kForceQueue,      // a person
  kRelease,         // a person: the end of a force
  kVersionChanged,  // the controller: workers, models or the protocol are not those of the analysis so far
};
inline constexpr std::size_t kFlipEvents = 12;
[[nodiscard]] std::string_view event_name(FlipEvent event) noexcept;

// What a transition needs to know besides the record.
struct TransitionInput {
  FlipEvent event = FlipEvent::kAbort;
  Actor by;
  std::string why;  // cut to kMaxWhyBytes
  WallTime now{};
  std::string new_salt;      // for a new rollout, an abort and a change of version
  std::optional<Plan> plan;  // of kStart; unset: the built-in one
  std::string build;         // of kStart and kVersionChanged
  // What the way up needs.
  bool preflight_passed = false;  // or overridden by name, on record
  bool converged = false;         // every process has acknowledged the record's epoch
  bool cool_down_overridden = false;
};

// The record after the event, with the next epoch. Pure. Errors: `flip_not_allowed` (the state has no such
// transition), `flip_preflight_failed`, `flip_not_converged`, `flip_cooling_down`. Up needs preflight and
// convergence; down needs nothing and is never refused in a state that it leads out of.
[[nodiscard]] Result<FlipRecord> transition(const FlipRecord& record, const TransitionInput& input);

}  // namespace shunt::flip
