#include "shunt/flip/controller.hpp"

#include <algorithm>

#include "time_text.hpp"

namespace shunt::flip {
namespace {

using S = FlipState;

// One tick, while it is being worked out.
class Tick {
 public:
  explicit Tick(const TickInput& input) : in_(input) {
    if (in_.progress.epoch == in_.record.epoch) out_.progress = in_.progress;
    out_.progress.epoch = in_.record.epoch;
  }

  TickOutput run() {
    if (!in_.fleet.builds_mixed && !in_.fleet.build.empty() && in_.fleet.build != in_.record.build) {
      move(FlipEvent::kVersionChanged, "workers, models or protocol are now " + in_.fleet.build);
      return std::move(out_);
    }
    count();
    switch (in_.record.state) {
      case S::kOff:
      case S::kForcedSync:
      case S::kForcedQueue:
        break;  // only a person moves these
      case S::kDark:
        dark();
        break;
      case S::kShadow:
        shadow();
        break;
      case S::kCanary:
        canary();
        break;
      case S::kHeld:
        held();
        break;
      case S::kFull:
        full();
        break;
      case S::kAborting:
        if (in_.fleet.converged) move(FlipEvent::kAcknowledged, "every process knows of it");
        break;
      case S::kDraining:
        if (in_.figures != nullptr && !in_.figures->in_flight) {
          move(FlipEvent::kDrained, "nothing waits, runs, is delayed or awaited");
        }
        break;
    }
    return std::move(out_);
  }

 private:
  void count() {
    StepProgress& progress = out_.progress;
    if (in_.figures == nullptr) {
      ++progress.no_data;
      return;
    }
    progress.no_data = 0;
    const GuardFigures& guards = in_.figures->guards;
    const bool late = guards.wait_deadline.count() > 0 && guards.oldest_waiting * 2 > guards.wait_deadline;
    progress.late = late ? progress.late + 1 : 0;
    progress.without_lease = guards.leases_gone ? progress.without_lease + 1 : 0;
    // Probes are the traffic of the dark stage. A fleet in the middle of a deploy is not the one that is
    // judged.
    const bool runs = in_.record.state == S::kDark || in_.figures->traffic;
    if (runs && !in_.fleet.builds_mixed) progress.clock += std::min(in_.since_last, 2 * plan().tick);
  }

  // Whether a guard was broken, and the tick is over.
  bool guarded() {
    const std::string guard = broken_guard(plan().guards, in_.figures->guards, out_.progress);
    if (guard.empty()) return false;
    out_.verdict.outcome = Outcome::kHardGuard;
    move(FlipEvent::kAbort, guard);
    return true;
  }

  void dark() {
    if (in_.figures == nullptr) return no_data();
    if (guarded()) return;
    const DarkRule& rule = plan().dark;
    const std::uint64_t probes = in_.figures->probes_in_a_row;
    const std::string so_far = time_text(out_.progress.clock) + " of " + time_text(rule.least_time) + ", " +
                               std::to_string(probes) + " of " + std::to_string(rule.least_probes) +
                               " good probes in a row";
    pass_if(out_.progress.clock >= rule.least_time && probes >= rule.least_probes, so_far);
  }

  void shadow() {
    if (in_.figures == nullptr) return no_data();
    if (guarded()) return;
    const ShadowRule& rule = plan().shadow;
    const Figures& figures = *in_.figures;
    const std::string so_far = time_text(out_.progress.clock) + " of " + time_text(rule.least_time) + ", " +
                               std::to_string(figures.comparisons) + " of " +
                               std::to_string(rule.least_comparisons) + " comparisons, " +
                               std::to_string(figures.mismatches) + " mismatches";
    if (figures.mismatches > rule.max_mismatches) {
      out_.verdict.outcome = Outcome::kFailed;
      return move(FlipEvent::kAbort, so_far);
    }
    pass_if(out_.progress.clock >= rule.least_time && figures.comparisons >= rule.least_comparisons, so_far);
  }

  void canary() {
    if (in_.figures == nullptr) {
      no_data();
      if (out_.progress.no_data >= plan().guards.no_data_hold) move(FlipEvent::kHold, out_.verdict.why);
      return;
    }
    out_.verdict = judge(plan(), plan().steps[in_.record.step], *in_.figures, out_.progress);
    switch (out_.verdict.outcome) {
      case Outcome::kHardGuard:
      case Outcome::kFailed:
        return move(FlipEvent::kAbort, out_.verdict.why);
      case Outcome::kInconclusive:
        return move(FlipEvent::kHold, out_.verdict.why);
      case Outcome::kPassed:
        return pass_if(true, out_.verdict.why);
      case Outcome::kNoData:
      case Outcome::kTooSmall:
      case Outcome::kGoing:
        return;
    }
  }

  // Nothing moves up; what would take the step back does so here too.
  void held() {
    if (in_.figures == nullptr) {
      no_data();
      if (out_.progress.no_data >= plan().guards.no_data_abort) move(FlipEvent::kAbort, out_.verdict.why);
      return;
    }
    if (acting_state(in_.record) != S::kCanary) {
      if (!guarded()) out_.verdict.why = "a person resumes it, or takes it back";
      return;
    }
    out_.verdict = judge(plan(), plan().steps[in_.record.before->step], *in_.figures, out_.progress);
    if (out_.verdict.outcome == Outcome::kHardGuard || out_.verdict.outcome == Outcome::kFailed) {
      move(FlipEvent::kAbort, out_.verdict.why);
    }
  }

  // There is no control to compare with, and nothing moves unless the plan says so: people are told, once a
  // trouble.
  void full() {
    std::string trouble;
    if (in_.figures == nullptr) {
      no_data();
      if (out_.progress.no_data >= plan().guards.no_data_hold) trouble = out_.verdict.why;
    } else {
      trouble = broken_guard(plan().guards, in_.figures->guards, out_.progress);
      if (!trouble.empty()) out_.verdict.outcome = Outcome::kHardGuard;
      if (!trouble.empty() && plan().guards.full == FullGuard::kAbort) {
        return move(FlipEvent::kAbort, trouble);
      }
    }
    out_.verdict.why = trouble;
    if (!trouble.empty() && out_.progress.failing_full == 0) out_.alert = trouble;
    out_.progress.failing_full = trouble.empty() ? 0 : out_.progress.failing_full + 1;
  }

  void no_data() {
    out_.verdict.outcome = Outcome::kNoData;
    out_.verdict.why = "no figures could be read in " + std::to_string(out_.progress.no_data) + " ticks";
  }

  // The gate is passed, and the way up is open: else it waits, which is not a failure.
  void pass_if(bool passed, const std::string& why) {
    out_.verdict.why = why;
    if (!passed) return;
    out_.verdict.outcome = Outcome::kPassed;
    if (in_.fleet.builds_mixed) {
      out_.verdict.why += "; waits for the end of a deploy";
    } else if (!in_.fleet.converged) {
      out_.verdict.why +=
          "; waits for every process to acknowledge epoch " + std::to_string(in_.record.epoch);
    } else if (!in_.fleet.preflight_passed) {
      out_.verdict.why += "; waits for the preflight to pass";
    } else {
      out_.event = FlipEvent::kAdvance;
    }
  }

  void move(FlipEvent event, std::string why) {
    out_.event = event;
    out_.verdict.why = std::move(why);
  }

  [[nodiscard]] const Plan& plan() const noexcept { return in_.record.plan; }

  const TickInput& in_;
  TickOutput out_;
};

}  // namespace

TickOutput control(const TickInput& input) {
  return Tick(input).run();
}

}  // namespace shunt::flip
