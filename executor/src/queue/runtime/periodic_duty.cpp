#include "shunt/executor/redis/periodic_duty.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "queue/runtime/shared_wake.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {

struct PeriodicDuty::State {
  State(EventLoop& on, FaultLog& log, std::string called)
      : loop(on), name(std::move(called)), faults(log), timer(on.context()) {}

  EventLoop& loop;
  const std::string name;
  FaultLog& faults;
  std::chrono::milliseconds interval{0};
  DueTime due;
  Duty duty;
  boost::asio::steady_timer timer;
  SteadyTime earliest{};                        // it is not done before
  SteadyTime sleeps_until = SteadyTime::min();  // while it waits
  bool wanted_now = false;                      // it is to be done once more at once
  bool stopped = false;
};

PeriodicDuty& PeriodicDuty::operator=(PeriodicDuty&& other) noexcept {
  if (this == &other) return *this;
  stop();
  state_ = std::move(other.state_);
  return *this;
}

PeriodicDuty run_periodically(EventLoop& loop, FaultLog& faults, std::string name,
                              std::chrono::milliseconds interval, PeriodicDuty::Duty duty) {
  auto state = std::make_shared<PeriodicDuty::State>(loop, faults, std::move(name));
  state->interval = interval;
  state->duty = std::move(duty);
  return PeriodicDuty::begin(std::move(state));
}

PeriodicDuty run_when_due(EventLoop& loop, FaultLog& faults, std::string name,
                          std::chrono::milliseconds pause, PeriodicDuty::DueTime due,
                          PeriodicDuty::Duty duty) {
  auto state = std::make_shared<PeriodicDuty::State>(loop, faults, std::move(name));
  state->interval = pause;
  state->due = std::move(due);
  state->duty = std::move(duty);
  return PeriodicDuty::begin(std::move(state));
}

PeriodicDuty PeriodicDuty::begin(std::shared_ptr<State> state) {
  // Detached: it holds all that it needs, catches what its duty throws, and ends when it is stopped.
  boost::asio::co_spawn(state->loop.context(), keep_doing(state), boost::asio::detached);
  return PeriodicDuty(std::move(state));
}

void PeriodicDuty::run_now() {
  if (!state_) return;
  state_->wanted_now = true;
  state_->timer.cancel();
}

void PeriodicDuty::due_by(SteadyTime at) {
  if (state_ && at < state_->sleeps_until) state_->timer.cancel();
}

void PeriodicDuty::stop() {
  const auto state = std::exchange(state_, nullptr);
  if (!state) return;
  state->stopped = true;
  state->timer.cancel();
}

bullmq::awaitable<void> PeriodicDuty::keep_doing(std::shared_ptr<State> state) {
  if (state->due) co_await wait(state);
  while (!state->stopped) {
    co_await do_once(state);
    state->earliest = next_turn(std::chrono::steady_clock::now(), state->interval);
    co_await wait(state);
  }
}

bullmq::awaitable<void> PeriodicDuty::do_once(std::shared_ptr<State> state) {
  try {
    // Named first: compilers get temporaries of an awaited call wrong.
    bullmq::awaitable<void> doing = state->duty();
    co_await std::move(doing);
  } catch (...) {
    // What a duty is told while its connection is being closed is no fault.
    if (!state->stopped) note_caught(state->faults, FaultLog::Source::kDuty, state->name);
  }
}

// Whoever cuts the timer short has changed what it waits for.
bullmq::awaitable<void> PeriodicDuty::wait(std::shared_ptr<State> state) {
  while (!state->stopped && !std::exchange(state->wanted_now, false)) {
    const SteadyTime wanted = state->due ? state->due() : SteadyTime::min();
    const SteadyTime at = std::max(wanted, state->earliest);
    if (at <= std::chrono::steady_clock::now()) break;
    state->sleeps_until = at;
    state->timer.expires_at(at);
    boost::system::error_code cut_short;
    co_await state->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cut_short));
  }
  state->sleeps_until = SteadyTime::min();
}

}  // namespace shunt::executor
