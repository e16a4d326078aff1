#include "drivers/openai/upstream_breaker.hpp"

#include <algorithm>

namespace shunt::generation::openai {
namespace {

using std::chrono::milliseconds;

// Servers that went down together are not asked again together.
constexpr double kJitter = 0.2;

}  // namespace

std::string_view upstream_state_name(UpstreamState state) noexcept {
  switch (state) {
    case UpstreamState::kClosed:
      return "closed";
    case UpstreamState::kOpen:
      return "open";
    case UpstreamState::kHalfOpen:
      return "half_open";
    case UpstreamState::kResting:
      break;
  }
  return "resting";
}

bool UpstreamBreaker::admits(SteadyTime now) const noexcept {
  if (now < rests_until_) return false;
  return closed_ || (now >= open_until_ && !trial_runs_);
}

UpstreamBreaker::Pass UpstreamBreaker::enter(SteadyTime now) noexcept {
  const bool trial = !closed_ && now >= open_until_ && !trial_runs_;
  trial_runs_ |= trial;
  return {opening_, trial};
}

void UpstreamBreaker::leave(SteadyTime now, const Pass& pass, UpstreamHealth health, milliseconds rest,
                            double draw) noexcept {
  if (pass.opening != opening_) return;
  if (pass.trial) trial_runs_ = false;
  if (health == UpstreamHealth::kNeither) return;
  if (health == UpstreamHealth::kResting) rests_until_ = std::max(rests_until_, now + rest);
  if (health != UpstreamHealth::kBad) {
    in_a_row_ = 0;
    if (!closed_) close();
    return;
  }
  ++in_a_row_;
  if (closed_ ? in_a_row_ >= options_.failures : pass.trial) open(now, draw);
}

UpstreamState UpstreamBreaker::state(SteadyTime now) const noexcept {
  if (!closed_) return now < open_until_ ? UpstreamState::kOpen : UpstreamState::kHalfOpen;
  return now < rests_until_ ? UpstreamState::kResting : UpstreamState::kClosed;
}

void UpstreamBreaker::open(SteadyTime now, double draw) noexcept {
  // Doubled by shifting; after 16 times it is at its bound anyway.
  const auto doubled = options_.open * (1U << std::min<std::size_t>(repeats_, 16));
  const double length = static_cast<double>(std::min<milliseconds>(doubled, options_.max_open).count());
  open_until_ = now + milliseconds(static_cast<std::int64_t>(length * (1 + kJitter * (2 * draw - 1))));
  closed_ = false;
  trial_runs_ = false;
  in_a_row_ = 0;
  ++repeats_;
  ++opening_;
  ++opened_;
}

void UpstreamBreaker::close() noexcept {
  closed_ = true;
  trial_runs_ = false;
  repeats_ = 0;
  ++opening_;
}

}  // namespace shunt::generation::openai
