#include "shunt/flip/breaker.hpp"

#include <algorithm>

namespace shunt::flip {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::int64_t second_of(SteadyTime time) noexcept {
  return duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

}  // namespace

Health health_of(EnqueueOutcome outcome) noexcept {
  if (outcome == EnqueueOutcome::kAccepted) return Health::kGood;
  return outcome == EnqueueOutcome::kBadInput ? Health::kNeither : Health::kBad;
}

std::string_view breaker_state_name(BreakerState state) noexcept {
  if (state == BreakerState::kClosed) return "closed";
  return state == BreakerState::kOpen ? "open" : "half_open";
}

Breaker::Permit Breaker::admit(SteadyTime now, double draw) {
  if (mode_ == BreakerMode::kForcedOpen) return {false, openings_};
  if (mode_ == BreakerMode::kForcedClosed) return {true, openings_};
  advance(now, draw);
  const bool passes = state_ == BreakerState::kClosed && draw < admitted_share(now);
  return {passes || mode_ == BreakerMode::kMetricsOnly, openings_};
}

void Breaker::ended(SteadyTime now, EnqueueOutcome outcome, std::uint64_t opening, double draw) {
  const Health health = health_of(outcome);
  if (mode_ == BreakerMode::kForcedOpen || mode_ == BreakerMode::kForcedClosed) return;
  if (state_ != BreakerState::kClosed || opening != openings_ || health == Health::kNeither) return;
  advance(now, draw);
  count(now, health == Health::kGood);
  if (health == Health::kBad && has_failed_enough(now)) open(now, draw);
}

Breaker::Probes Breaker::probes_to_send(SteadyTime now, double draw) {
  if (mode_ == BreakerMode::kForcedOpen || mode_ == BreakerMode::kForcedClosed) return {0, openings_};
  advance(now, draw);
  if (state_ != BreakerState::kHalfOpen) return {0, openings_};
  const Probes probes{probes_wanted_ - probes_sent_, openings_};
  probes_sent_ = probes_wanted_;
  return probes;
}

void Breaker::probe_ended(SteadyTime now, bool good, std::uint64_t opening, double draw) {
  advance(now, draw);
  if (state_ != BreakerState::kHalfOpen || opening != openings_) return;
  if (!good) return open(now, draw);
  if (++probes_good_ < probes_wanted_) return;
  if (more_probes_) return close(now);
  more_probes_ = true;
  probing_since_ = now;
  probes_wanted_ = options_.more_probes;
  probes_sent_ = probes_good_ = 0;
}

void Breaker::set_mode(SteadyTime now, BreakerMode mode) noexcept {
  if (mode == mode_) return;
  // What was counted under the other mode says nothing about this one.
  mode_ = mode;
  if (state_ != BreakerState::kClosed) close(now);
  ramping_ = false;
  repeats_ = 0;
  in_a_row_ = 0;
  seconds_ = {};
}

double Breaker::admitted_share(SteadyTime now) const noexcept {
  if (state_ != BreakerState::kClosed) return 0;
  if (!ramping_) return 1;
  const auto closed_for = now - closed_at_;
  if (closed_for < options_.ramp_step) return 0.1;
  return closed_for < 2 * options_.ramp_step ? 0.5 : 1;
}

milliseconds Breaker::open_for(SteadyTime now) const noexcept {
  if (state_ == BreakerState::kClosed) return milliseconds(0);
  return duration_cast<milliseconds>(now - not_closed_since_);
}

// What time alone does.
void Breaker::advance(SteadyTime now, double draw) {
  if (state_ == BreakerState::kOpen && now >= open_until_) {
    state_ = BreakerState::kHalfOpen;
    probing_since_ = now;
    probes_wanted_ = options_.first_probes;
    probes_sent_ = probes_good_ = 0;
    more_probes_ = false;
  } else if (state_ == BreakerState::kHalfOpen && probes_sent_ > 0 &&
             now - probing_since_ >= options_.probe_patience) {
    open(now, draw);
  } else if (ramping_ && now - closed_at_ >= 3 * options_.ramp_step) {
    ramping_ = false;
    repeats_ = 0;
  }
}

void Breaker::count(SteadyTime now, bool good) {
  in_a_row_ = good ? 0 : in_a_row_ + 1;
  const std::int64_t at = second_of(now);
  Second& second = seconds_[static_cast<std::size_t>(at) % seconds_.size()];
  if (second.at != at) second = {.at = at};
  ++(good ? second.good : second.bad);
}

bool Breaker::has_failed_enough(SteadyTime now) const noexcept {
  if (others_open_ || in_a_row_ >= options_.in_a_row) return true;
  std::uint32_t good = 0;
  std::uint32_t bad = 0;
  for (const Second& second : seconds_) {
    if (second.at <= second_of(now) - options_.window.count()) continue;
    good += second.good;
    bad += second.bad;
  }
  return good + bad >= options_.least_in_window && bad >= options_.failed_share * (good + bad);
}

void Breaker::open(SteadyTime now, double draw) {
  if (state_ == BreakerState::kClosed) not_closed_since_ = now;
  state_ = BreakerState::kOpen;
  ++openings_;
  ramping_ = false;
  // Doubled by shifting; after 16 times it is at its bound anyway.
  const auto doubled = options_.open * (1U << std::min(repeats_, 16U));
  ++repeats_;
  const double factor = 1 + options_.jitter * (2 * draw - 1);
  const milliseconds length(static_cast<std::int64_t>(
      static_cast<double>(std::min<milliseconds>(doubled, options_.max_open).count()) * factor));
  open_until_ = now + length;
}

void Breaker::close(SteadyTime now) noexcept {
  state_ = BreakerState::kClosed;
  ++openings_;  // what was admitted before, in a rehearsal, belongs to the past
  closed_at_ = now;
  ramping_ = true;
  in_a_row_ = 0;
  seconds_ = {};
}

}  // namespace shunt::flip
