#pragma once

#include <functional>
#include <future>
#include <memory>
#include <utility>

#include "namespace.hpp"
#include "shunt/base/event_loop.hpp"

namespace shunt::app {

// Calls `start(done)` on a loop's thread, where executors want to be called, and waits on this thread for the
// value that `done` is given. Executors answer within a bounded time, so this returns.
template <typename T, typename Start>
[[nodiscard]] T await_on_loop(EventLoopThreads& loops, Start start) {
  const auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  loops.pick().post([promise, start = std::move(start)] {
    start(std::function<void(T)>([promise](T value) { promise->set_value(std::move(value)); }));
  });
  return future.get();
}

}  // namespace shunt::app
