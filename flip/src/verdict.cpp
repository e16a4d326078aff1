#include "shunt/flip/verdict.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "shunt/flip/statistics.hpp"
#include "time_text.hpp"

namespace shunt::flip {
namespace {

// "1.25%"
std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f%%", share < 0.1 ? 2 : 1, share * 100);
  return text.data();
}

std::string decimal(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f", number);
  return text.data();
}

SideNumbers numbers_of(const SideFigures& side, const std::optional<std::size_t>& slow_bucket) {
  SideNumbers numbers;
  numbers.jobs = side.jobs;
  numbers.errors = side.errors;
  numbers.p50_ms = side.total.quantile_ms(0.50);
  numbers.p95_ms = side.total.quantile_ms(0.95);
  if (slow_bucket) numbers.slow = side.total.above(*slow_bucket);
  return numbers;
}

bool tail_is_worse(const Thresholds& thresholds, const Verdict& verdict) {
  const double rise = verdict.canary.p95_ms - verdict.control.p95_ms;
  return rise > thresholds.latency_rise * verdict.control.p95_ms &&
         rise > static_cast<double>(thresholds.latency_rise_time.count());
}

std::string shares(std::string_view what, const Share& canary, const Share& control, double z) {
  return std::string(what) + ' ' + percent(canary.value()) + " of " + std::to_string(canary.of) +
         " against " + percent(control.value()) + " of " + std::to_string(control.of) + ", z = " + decimal(z);
}

// The tests that the step's gate has, with the largest z first; "" where it has none or they are below
// `bound`.
std::string worse_than(double bound, const PlanStep& step, const Thresholds& thresholds,
                       const Verdict& verdict, const Figures& figures) {
  if (step.judge_errors && verdict.z_errors > bound) {
    return shares("errors", {verdict.canary.errors, verdict.canary.jobs},
                  {verdict.control.errors, verdict.control.jobs}, verdict.z_errors);
  }
  if (step.judge_latency && verdict.z_latency > bound && tail_is_worse(thresholds, verdict)) {
    return shares("slower than " + decimal(*verdict.threshold_ms) + " ms",
                  {verdict.canary.slow, figures.canary.total.total()},
                  {verdict.control.slow, figures.control.total.total()}, verdict.z_latency);
  }
  return {};
}

// Of each side, until the control's p95 is frozen: one that was taken of a hundred jobs lies a bucket or two
// beside that of a thousand, and then both sides are compared at a place that is nobody's tail
// (docs/decisions/0020-the-flip.md has what it does to false alarms).
constexpr std::uint64_t kLeastJobsOfTail = 400;

bool has_jobs(const Figures& figures, std::uint64_t least) {
  return std::min(figures.canary.jobs, figures.control.jobs) >= std::max<std::uint64_t>(least, 1);
}

void compare(const Plan& plan, const Figures& figures, StepProgress& progress, Verdict& verdict) {
  const bool enough = has_jobs(figures, plan.thresholds.least_jobs);
  if (!progress.slow_bucket && has_jobs(figures, std::max(plan.thresholds.least_jobs, kLeastJobsOfTail))) {
    progress.slow_bucket = figures.control.total.quantile_bucket(0.95);
  }
  verdict.canary = numbers_of(figures.canary, progress.slow_bucket);
  verdict.control = numbers_of(figures.control, progress.slow_bucket);
  if (!enough) return;
  const Share control_errors{figures.control.errors, figures.control.jobs};
  verdict.z_errors = z_of(control_errors, {figures.canary.errors, figures.canary.jobs});
  verdict.rise_errors =
      smallest_detectable_rise(control_errors.value(), figures.control.jobs, figures.canary.jobs);
  if (!progress.slow_bucket) return;
  verdict.threshold_ms = LatencyHistogram::border_ms(*progress.slow_bucket);
  verdict.z_latency = z_of({verdict.control.slow, figures.control.total.total()},
                           {verdict.canary.slow, figures.canary.total.total()});
}

double failing_z(const Thresholds& thresholds, const Figures& figures) {
  return thresholds.z_failed + (has_jobs(figures, kLargeSample) ? kMoreOfALargeSample : 0);
}

Verdict& say(Verdict& verdict, Outcome outcome, std::string why) {
  verdict.outcome = outcome;
  verdict.why = std::move(why);
  return verdict;
}

// How many jobs there are and how many it takes, of each side whose number counts.
std::string jobs_text(const PlanStep& step, const Thresholds& thresholds, const Figures& figures) {
  const std::uint64_t of_each_side =
      step.judge_errors ? std::max<std::uint64_t>(thresholds.least_jobs, 1) : 0;
  std::string text = std::to_string(figures.canary.jobs) + " of " +
                     std::to_string(std::max(step.least_jobs, of_each_side)) + " jobs, " +
                     std::to_string(figures.control.jobs);
  if (of_each_side > figures.control.jobs) text += " of " + std::to_string(of_each_side);
  return text + " beside them";
}

std::string seen(const PlanStep& step, const Verdict& verdict) {
  if (!step.judge_errors) return "no guard was broken";
  if (!verdict.rise_errors) return "no harm seen";
  return "no rise of errors above " + percent(*verdict.rise_errors) + " seen";
}

}  // namespace

std::string_view outcome_name(Outcome outcome) noexcept {
  constexpr std::array<std::string_view, 7> kNames{"hard_guard", "failed", "no_data", "inconclusive",
                                                   "too_small",  "going",  "passed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::string broken_guard(const Guards& guards, const GuardFigures& figures, const StepProgress& progress) {
  const std::array<std::pair<std::uint64_t, std::string_view>, 3> never{
      {{figures.duplicates, "generations ran twice"},
       {figures.lost, "accepted generations were lost"},
       {figures.evictions, "keys were evicted by Redis"}}};
  for (const auto& [count, what] : never) {
    if (count > 0) return std::string(what).append(": ").append(std::to_string(count));
  }
  if (figures.memory_share > guards.memory_share) {
    return "Redis holds " + percent(figures.memory_share) + " of its memory, more than " +
           percent(guards.memory_share);
  }
  if (progress.late >= guards.ticks) {
    return "the oldest job has waited for " + time_text(figures.oldest_waiting) +
           ", more than half of the wait deadline";
  }
  if (progress.without_lease >= guards.ticks) return "no worker has a lease";
  if (figures.breaker_open_for >= guards.breaker_open) {
    return "the breaker has been open for " + time_text(figures.breaker_open_for);
  }
  return {};
}

Verdict judge(const Plan& plan, const PlanStep& step, const Figures& figures, StepProgress& progress) {
  Verdict verdict;
  compare(plan, figures, progress, verdict);
  const std::string guard = broken_guard(plan.guards, figures.guards, progress);
  if (!guard.empty()) return say(verdict, Outcome::kHardGuard, guard);
  const Thresholds& thresholds = plan.thresholds;
  const double failing = failing_z(thresholds, figures);
  if (const auto why = worse_than(failing, step, thresholds, verdict, figures); !why.empty()) {
    return say(verdict, Outcome::kFailed, why);
  }
  const bool time_is_over = progress.clock >= step.least_time;
  const bool jobs_are_over = figures.canary.jobs >= step.least_jobs &&
                             (!step.judge_errors || has_jobs(figures, thresholds.least_jobs)) &&
                             (!step.judge_latency || verdict.threshold_ms);
  if (!time_is_over || !jobs_are_over) {
    const std::string jobs = jobs_text(step, thresholds, figures);
    if (time_is_over)
      return say(verdict, Outcome::kTooSmall, "the time is over, too small a sample: " + jobs);
    return say(verdict, Outcome::kGoing,
               time_text(progress.clock) + " of " + time_text(step.least_time) + ", " + jobs);
  }
  const auto doubt = worse_than(thresholds.z_inconclusive, step, thresholds, verdict, figures);
  if (!doubt.empty()) return say(verdict, Outcome::kInconclusive, doubt);
  return say(verdict, Outcome::kPassed, seen(step, verdict));
}

}  // namespace shunt::flip
