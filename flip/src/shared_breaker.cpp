#include "shunt/flip/shared_breaker.hpp"

#include <type_traits>

#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"

namespace shunt::flip {

SharedBreaker::SharedBreaker(const BreakerOptions& options, BreakerMode mode, const Clock& clock)
    : clock_(clock), random_(random_number()), breaker_(options) {
  breaker_.set_mode(clock.steady_now(), mode);
}

// SplitMix64 (Steele, Lea, Flood 2014): a share of callers and some jitter need no secret randomness, and a
// submit no call of the kernel.
double SharedBreaker::draw() noexcept {
  std::uint64_t bits = random_.fetch_add(0x9E3779B97F4A7C15U) + 0x9E3779B97F4A7C15U;
  bits = (bits ^ (bits >> 30U)) * 0xBF58476D1CE4E5B9U;
  bits = (bits ^ (bits >> 27U)) * 0x94D049BB133111EBU;
  bits ^= bits >> 31U;
  return static_cast<double>(bits >> 11U) * 0x1p-53;
}

// Makes the change under the lock; what it meant for the state is told outside of it.
template <typename Change>
auto SharedBreaker::change(const Change& change) {
  const SteadyTime now = clock_.steady_now();
  const double drawn = draw();
  BreakerState before{};
  BreakerState after{};
  BreakerMode mode{};
  std::uint64_t opening_before = 0;
  std::uint64_t opening_after = 0;
  const auto locked = [&] {
    const std::lock_guard lock(mutex_);
    before = breaker_.state();
    opening_before = breaker_.openings();
    auto answer = change(now, drawn);
    after = breaker_.state();
    opening_after = breaker_.openings();
    mode = breaker_.mode();
    if (after == BreakerState::kOpen && opening_after != opening_before) ++opened_;
    return answer;
  };
  auto answer = locked();
  const bool opened = after == BreakerState::kOpen && opening_after != opening_before;
  if (opened) {
    log::warn("breaker.opened",
              {{"was", breaker_state_name(before)}, {"refuses", mode == BreakerMode::kNormal}});
    if (on_opened_) on_opened_();
  } else if (before != BreakerState::kClosed && after == BreakerState::kClosed) {
    log::info("breaker.closed", {{"was", breaker_state_name(before)}});
  }
  return answer;
}

Breaker::Permit SharedBreaker::admit() {
  return change([this](SteadyTime now, double drawn) {
    const Breaker::Permit permit = breaker_.admit(now, drawn);
    if (!permit.granted) ++refused_;
    return permit;
  });
}

void SharedBreaker::ended(EnqueueOutcome outcome, std::uint64_t opening) {
  (void)change([&](SteadyTime now, double drawn) {
    breaker_.ended(now, outcome, opening, drawn);
    return true;
  });
}

Breaker::Probes SharedBreaker::probes_to_send() {
  return change([this](SteadyTime now, double drawn) { return breaker_.probes_to_send(now, drawn); });
}

void SharedBreaker::probe_ended(bool good, std::uint64_t opening) {
  (void)change([&](SteadyTime now, double drawn) {
    ++(good ? good_probes_ : bad_probes_);
    breaker_.probe_ended(now, good, opening, drawn);
    return true;
  });
}

void SharedBreaker::set_mode(BreakerMode mode) {
  (void)change([&](SteadyTime now, double) {
    breaker_.set_mode(now, mode);
    return true;
  });
}

void SharedBreaker::hint(bool others_open) {
  const std::lock_guard lock(mutex_);
  breaker_.hint(others_open);
}

std::chrono::milliseconds SharedBreaker::open_for(SteadyTime now) const {
  const std::lock_guard lock(mutex_);
  return breaker_.open_for(now);
}

SharedBreaker::View SharedBreaker::view() const {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  return {.state = breaker_.state(),
          .mode = breaker_.mode(),
          .admitted_share = breaker_.mode() == BreakerMode::kForcedOpen ? 0 : breaker_.admitted_share(now),
          .open_for = breaker_.open_for(now),
          .opened = opened_,
          .refused = refused_,
          .good_probes = good_probes_,
          .bad_probes = bad_probes_};
}

}  // namespace shunt::flip
