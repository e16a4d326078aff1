#pragma once

#include <memory>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/event_watch.hpp"

namespace shunt::executor {

// The events of a generation of this process, which are produced on any thread, for a coroutine of the loop.
// One thread: the loop's.
class EventFeed {
 public:
  explicit EventFeed(EventLoop& loop);
  ~EventFeed();

  // Before next().
  void follow(std::unique_ptr<EventWatch> watch);
  // Waits for events. Empty: there will be no more, because the feed was stopped, the last one has been
  // returned or the generation is lost.
  [[nodiscard]] bullmq::awaitable<std::vector<GenerationEvent>> next();
  // Whether next() has returned the last event.
  [[nodiscard]] bool ended() const;
  // Nothing is waited for any more, and nobody wakes the loop.
  void stop();

 private:
  struct State;
  static bullmq::awaitable<std::vector<GenerationEvent>> wait(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace shunt::executor
