#pragma once

#include <functional>
#include <memory>

#include "bullmq/awaitable.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// A condition variable for coroutines: they wait until somebody says that something has changed, and look
// then, instead of looking every few milliseconds. One thread: the loop's.
class AsyncCondition {
 public:
  explicit AsyncCondition(EventLoop& loop);

  // Returns as soon as `holds` is true, which is asked at once and after every notify_all(), or at
  // `deadline`; the result is what it says then. `holds` must not throw. The condition may be destroyed while
  // somebody waits: then only the deadline ends the wait.
  [[nodiscard]] bullmq::awaitable<bool> wait_until(SteadyTime deadline, std::function<bool()> holds);
  // Returns after the next notify_all(), or at `deadline`.
  [[nodiscard]] bullmq::awaitable<void> wait_for_change(SteadyTime deadline);
  void notify_all();

 private:
  struct State;
  static bullmq::awaitable<bool> wait(std::shared_ptr<State> state, SteadyTime deadline,
                                      std::function<bool()> holds);
  std::shared_ptr<State> state_;
};

}  // namespace shunt::executor
