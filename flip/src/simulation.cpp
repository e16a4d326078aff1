#include "shunt/flip/simulation.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "simulated_traffic.hpp"

namespace shunt::flip {
namespace {

using S = FlipState;

// Good probes in the dark stage come at this pace (flip-anchors 4.3, stage 0b).
constexpr std::chrono::milliseconds kProbeInterval = std::chrono::seconds(10);

// A fleet of one on a clock that goes from tick to tick.
class Rehearsal {
 public:
  Rehearsal(const Plan& plan, const Scenario& scenario)
      : scenario_(scenario), traffic_(scenario), record_(first_record(Strategy::kSync, "r0", WallTime{})) {
    record_.state = S::kOff;
    move(FlipEvent::kStart, ActorKind::kPerson, {}, plan);
  }

  Story run() {
    while (!is_over()) tick();
    story_.took = now_;
    return std::move(story_);
  }

 private:
  bool is_over() {
    if (record_.state == S::kFull) story_.end = StoryEnd::kFull;
    if (record_.state == S::kOff) story_.end = StoryEnd::kAborted;
    const bool waits = record_.state == S::kHeld && scenario_.person == Scenario::Person::kWaits;
    if (waits) story_.end = StoryEnd::kHeld;
    return waits || record_.state == S::kFull || record_.state == S::kOff || now_ >= scenario_.most;
  }

  void tick() {
    const auto length = record_.plan.tick;
    now_ += length;
    happen(length);
    if (record_.state == S::kHeld) return answer_held();
    const FleetView fleet{.converged = true, .preflight_passed = true, .build = "simulated"};
    TickOutput out = control({record_, progress_, &figures_, fleet, length});
    progress_ = out.progress;
    story_.waits_for = out.verdict.why;
    if (out.event) move(*out.event, ActorKind::kController, std::move(out.verdict));
  }

  // What the world does in a tick.
  void happen(std::chrono::milliseconds length) {
    const double minutes = std::chrono::duration<double, std::ratio<60>>(length).count();
    figures_.in_flight = false;
    figures_.traffic = scenario_.per_minute > 0;
    if (record_.state == S::kDark) {
      probing_ += length;
      figures_.probes_in_a_row = static_cast<std::uint64_t>(probing_ / kProbeInterval);
    } else if (record_.state == S::kShadow) {
      figures_.comparisons += traffic_.poisson(scenario_.per_minute * minutes * scenario_.shadow_sample);
    } else if (acting_state(record_) == S::kCanary) {
      const SideFigures& canary = figures_.canary;
      const SideFigures& control = figures_.control;
      const std::array before{canary.jobs, canary.errors, control.jobs, control.errors};
      traffic_.run(minutes, weight_of(record_), figures_);
      story_.canary_jobs += canary.jobs - before[0];
      story_.canary_errors += canary.errors - before[1];
      story_.control_errors += control.errors - before[3];
      figures_.traffic = canary.jobs + control.jobs > before[0] + before[2];
    }
  }

  void answer_held() {
    const bool resumes = scenario_.person == Scenario::Person::kResumes;
    move(resumes ? FlipEvent::kResume : FlipEvent::kAbort, ActorKind::kPerson, {});
  }

  void move(FlipEvent event, ActorKind by, Verdict verdict, std::optional<Plan> plan = {}) {
    TransitionInput input;
    input.event = event;
    input.by = {by, ""};
    input.why = verdict.why;
    input.now = WallTime(now_);
    input.new_salt = "r" + std::to_string(record_.epoch);
    input.plan = std::move(plan);
    input.build = "simulated";
    input.preflight_passed = input.converged = true;
    // control() and answer_held() ask for nothing that the table does not have; the tests run them all.
    record_ = transition(record_, input).value();
    progress_ = {};
    figures_ = {};  // counts restart with a step
    probing_ = {};
    story_.entries.push_back({now_, event, record_, std::move(verdict)});
  }

  const Scenario scenario_;
  SimulatedTraffic traffic_;
  FlipRecord record_;
  StepProgress progress_;
  Figures figures_;
  std::chrono::milliseconds probing_{0};
  std::chrono::milliseconds now_{0};
  Story story_;
};

}  // namespace

std::string_view story_end_name(StoryEnd end) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"full", "aborted", "held", "unfinished"};
  return kNames[static_cast<std::size_t>(end)];
}

Story simulate(const Plan& plan, const Scenario& scenario) {
  return Rehearsal(plan, scenario).run();
}

}  // namespace shunt::flip
