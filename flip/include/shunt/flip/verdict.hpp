#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/flip/figures.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/plan.hpp"

namespace shunt::flip {

// What a tick's figures say about a step, the strongest first: the first that is so is the verdict.
enum class Outcome {
  kHardGuard,     // something that must never happen has happened
  kFailed,        // the canary is worse than the control
  kNoData,        // figures could not be read
  kInconclusive,  // at the step's end it may be worse
  kTooSmall,      // its time is over and too few jobs have ended
  kGoing,         // neither its time nor its jobs are over
  kPassed,
};
[[nodiscard]] std::string_view outcome_name(Outcome outcome) noexcept;

// One side in a verdict's numbers.
struct SideNumbers {
  std::uint64_t jobs = 0;
  std::uint64_t errors = 0;
  double p50_ms = 0;
  double p95_ms = 0;
  std::uint64_t slow = 0;  // slower than the threshold, once there is one
};

struct Verdict {
  Outcome outcome = Outcome::kGoing;
  std::string why;  // a sentence for people
  SideNumbers canary;
  SideNumbers control;
  double z_errors = 0;
  double z_latency = 0;
  std::optional<double> rise_errors;   // the smallest rise of the share of errors that would have shown
  std::optional<double> threshold_ms;  // the control's frozen p95
};

// What outlives a tick: kept beside the record, by the holder of the lease, and worth nothing under another
// epoch.
struct StepProgress {
  std::uint64_t epoch = 0;
  std::chrono::milliseconds clock{0};        // the step's time while there was traffic
  std::optional<std::size_t> slow_bucket{};  // the control's p95, once it is of enough jobs
  std::uint32_t no_data = 0;                 // ticks in a row
  std::uint32_t late = 0;                    // ticks in a row with an old job
  std::uint32_t without_lease = 0;           // ticks in a row
  std::uint32_t failing_full = 0;  // ticks in a row with a broken guard in full: an alert each first one
  [[nodiscard]] bool operator==(const StepProgress&) const = default;
};

// The hard guard that is broken, in words; "" if none is. `progress` has counted this tick already.
[[nodiscard]] std::string broken_guard(const Guards& guards, const GuardFigures& figures,
                                       const StepProgress& progress);

// From so many jobs a side on the z that fails a step is so much higher: a sample of thousands has been
// looked at for hours, each time with a chance to be taken in by it; and of what is worth taking back it sees
// enough at half a deviation more. docs/decisions/0020-the-flip.md has what both do to false alarms and to
// the time in which a rise is found.
inline constexpr std::uint64_t kLargeSample = 5'000;
inline constexpr double kMoreOfALargeSample = 0.5;

// A step of the canary. Pure; freezes progress.slow_bucket when 400 jobs have ended on each side. Errors and
// the share slower than the control's p95 fail a step at z > z_failed (of a large sample, kMoreOfALargeSample
// more), whenever it is looked at; from z_inconclusive on they are inconclusive at its end. A slower tail
// also has to be worse in p95 by both latency bounds.
[[nodiscard]] Verdict judge(const Plan& plan, const PlanStep& step, const Figures& figures,
                            StepProgress& progress);

}  // namespace shunt::flip
