#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"

namespace shunt::executor {

// What is done every now and then, each duty by itself: one that throws is counted and logged (FaultLog) and
// comes again at its next time, and one that takes long, or hangs, holds up no other. A duty never runs twice
// at once. One thread: the loop's.
class PeriodicDuties {
 public:
  // Called on the loop's thread. The function object lives as long as what it has returned runs, so a
  // lambda's captures may be used in its coroutine; what they refer to must live as long as the loop runs, or
  // be held weakly.
  using Duty = std::function<bullmq::awaitable<void>()>;
  // When there is something to do next; SteadyTime::max(): nothing.
  using DueTime = std::function<SteadyTime()>;

  PeriodicDuties(EventLoop& loop, FaultLog& faults);
  // Stops.
  ~PeriodicDuties();
  PeriodicDuties(const PeriodicDuties&) = delete;
  PeriodicDuties& operator=(const PeriodicDuties&) = delete;

  // Does it now, and again `interval` after each end of it.
  void run_periodically(std::string name, std::chrono::milliseconds interval, Duty duty);
  // Does it when `due` says so, which is asked after each end of it and when told so (due_by): a duty that
  // has nothing to do wakes nobody. Never sooner than `pause` after its last end.
  void run_when_due(std::string name, std::chrono::milliseconds pause, DueTime due, Duty duty);

  // It is done now, or once more when it is under way.
  void hasten(std::string_view name);
  // One that is run when due has something to do at this time, which may be sooner than what it was told.
  // Cheap.
  void due_by(std::string_view name, SteadyTime at);

  // Nothing is begun any more. What is under way ends by itself, unseen.
  void stop();

 private:
  struct Entry;
  void start(std::shared_ptr<Entry> entry);
  [[nodiscard]] Entry* find(std::string_view name) const;
  static bullmq::awaitable<void> keep_doing(std::shared_ptr<Entry> entry);
  static bullmq::awaitable<void> do_once(std::shared_ptr<Entry> entry);
  static bullmq::awaitable<void> wait(std::shared_ptr<Entry> entry);

  EventLoop& loop_;
  FaultLog& faults_;
  std::vector<std::shared_ptr<Entry>> entries_;
};

}  // namespace shunt::executor
