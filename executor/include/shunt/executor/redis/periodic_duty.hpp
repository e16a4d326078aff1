#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "bullmq/awaitable.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Something that a service does every now and then, with a name and a timer of its own. What it throws is
// counted and logged (FaultLog) under its name, and it comes again at its next time. A duty that takes long,
// or hangs, holds up no other, and never runs twice at once.
//
// This is the handle of a duty, made by the functions below. Destroying it stops the duty; one that was made
// by default has nothing to stop. One thread: the loop's.
class PeriodicDuty {
 public:
  // Called on the loop's thread. The function object lives as long as what it has returned runs, so a
  // lambda's captures may be used in its coroutine; what they refer to lives as long as the loop runs.
  using Duty = std::function<bullmq::awaitable<void>()>;
  // When there is something to do next; SteadyTime::max() = nothing.
  using DueTime = std::function<SteadyTime()>;

  PeriodicDuty() = default;
  PeriodicDuty(PeriodicDuty&&) noexcept = default;
  PeriodicDuty& operator=(PeriodicDuty&&) noexcept;
  ~PeriodicDuty() { stop(); }

  // The duty is done now, or once more when it is under way.
  void run_now();
  // A duty that is run when due has something to do at this time, which may be sooner than what it was told.
  // Cheap.
  void due_by(SteadyTime at);
  // Nothing is begun any more. What is under way ends by itself, and what it throws is not noted.
  void stop();

 private:
  struct State;
  explicit PeriodicDuty(std::shared_ptr<State> state) : state_(std::move(state)) {}
  static PeriodicDuty begin(std::shared_ptr<State> state);
  static bullmq::awaitable<void> keep_doing(std::shared_ptr<State> state);
  static bullmq::awaitable<void> do_once(std::shared_ptr<State> state);
  static bullmq::awaitable<void> wait(std::shared_ptr<State> state);

  friend PeriodicDuty run_periodically(EventLoop& loop, FaultLog& faults, std::string name,
                                       std::chrono::milliseconds interval, Duty duty);
  friend PeriodicDuty run_when_due(EventLoop& loop, FaultLog& faults, std::string name,
                                   std::chrono::milliseconds pause, DueTime due, Duty duty);

  std::shared_ptr<State> state_;
};

// Does it now, and again `interval` after each end; long ones are moved to shared wakes (next_turn).
[[nodiscard]] PeriodicDuty run_periodically(EventLoop& loop, FaultLog& faults, std::string name,
                                            std::chrono::milliseconds interval, PeriodicDuty::Duty duty);
// Does it when `due` says so, which is asked after each end of it and when told so (due_by): a duty that has
// nothing to do wakes nobody. It is never done sooner than `pause` after its last end.
[[nodiscard]] PeriodicDuty run_when_due(EventLoop& loop, FaultLog& faults, std::string name,
                                        std::chrono::milliseconds pause, PeriodicDuty::DueTime due,
                                        PeriodicDuty::Duty duty);

}  // namespace shunt::executor
