#include "queue/runtime/periodic_duty.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "queue/runtime/redis_fault.hpp"

namespace shunt::executor {

struct PeriodicDuties::Entry {
  Entry(EventLoop& loop, FaultLog& log, std::string called)
      : name(std::move(called)), faults(log), timer(loop.context()) {}

  const std::string name;
  FaultLog& faults;
  std::chrono::milliseconds interval{0};
  DueTime due;
  Duty duty;
  boost::asio::steady_timer timer;
  SteadyTime earliest{};                        // it is not done before
  SteadyTime sleeps_until = SteadyTime::min();  // while it waits
  bool hastened = false;                        // it is to be done once more at once
  bool stopped = false;
};

PeriodicDuties::PeriodicDuties(EventLoop& loop, FaultLog& faults) : loop_(loop), faults_(faults) {}

PeriodicDuties::~PeriodicDuties() {
  stop();
}

void PeriodicDuties::run_periodically(std::string name, std::chrono::milliseconds interval, Duty duty) {
  auto entry = std::make_shared<Entry>(loop_, faults_, std::move(name));
  entry->interval = interval;
  entry->duty = std::move(duty);
  start(std::move(entry));
}

void PeriodicDuties::run_when_due(std::string name, std::chrono::milliseconds pause, DueTime due, Duty duty) {
  auto entry = std::make_shared<Entry>(loop_, faults_, std::move(name));
  entry->interval = pause;
  entry->due = std::move(due);
  entry->duty = std::move(duty);
  start(std::move(entry));
}

void PeriodicDuties::start(std::shared_ptr<Entry> entry) {
  entries_.push_back(entry);
  // Detached: it holds all that it needs, catches what its duty throws, and ends when it is stopped.
  boost::asio::co_spawn(loop_.context(), keep_doing(std::move(entry)), boost::asio::detached);
}

PeriodicDuties::Entry* PeriodicDuties::find(std::string_view name) const {
  const auto found = std::ranges::find_if(entries_, [&](const auto& entry) { return entry->name == name; });
  return found == entries_.end() ? nullptr : found->get();
}

void PeriodicDuties::hasten(std::string_view name) {
  Entry* const entry = find(name);
  if (entry == nullptr) return;
  entry->hastened = true;
  entry->timer.cancel();
}

void PeriodicDuties::due_by(std::string_view name, SteadyTime at) {
  Entry* const entry = find(name);
  if (entry != nullptr && at < entry->sleeps_until) entry->timer.cancel();
}

void PeriodicDuties::stop() {
  for (const auto& entry : std::exchange(entries_, {})) {
    entry->stopped = true;
    entry->timer.cancel();
  }
}

bullmq::awaitable<void> PeriodicDuties::keep_doing(std::shared_ptr<Entry> entry) {
  if (entry->due) co_await wait(entry);
  while (!entry->stopped) {
    co_await do_once(entry);
    entry->earliest = std::chrono::steady_clock::now() + entry->interval;
    co_await wait(entry);
  }
}

bullmq::awaitable<void> PeriodicDuties::do_once(std::shared_ptr<Entry> entry) {
  try {
    // Named first: compilers get temporaries of an awaited call wrong.
    bullmq::awaitable<void> doing = entry->duty();
    co_await std::move(doing);
  } catch (...) {
    // What a duty is told while its connection is being closed is no fault.
    if (!entry->stopped) note_caught(entry->faults, FaultLog::Source::kDuty, entry->name);
  }
}

// Whoever cuts the timer short has changed what it waits for.
bullmq::awaitable<void> PeriodicDuties::wait(std::shared_ptr<Entry> entry) {
  while (!entry->stopped && !std::exchange(entry->hastened, false)) {
    const SteadyTime wanted = entry->due ? entry->due() : SteadyTime::min();
    const SteadyTime at = std::max(wanted, entry->earliest);
    if (at <= std::chrono::steady_clock::now()) break;
    entry->sleeps_until = at;
    entry->timer.expires_at(at);
    boost::system::error_code cut_short;
    co_await entry->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, cut_short));
  }
  entry->sleeps_until = SteadyTime::min();
}

}  // namespace shunt::executor
