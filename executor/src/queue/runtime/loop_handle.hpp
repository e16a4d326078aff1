#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What other threads hold: a way to a loop for as long as it is there. Any thread.
class LoopHandle {
 public:
  explicit LoopHandle(EventLoop& loop) : loop_(&loop) {}

  // Nothing happens once the loop is gone.
  void post(std::function<void()> fn) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::move(fn));
  }
  // On the loop's thread, before the loop goes.
  void detach() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  EventLoop* loop_;
};

}  // namespace shunt::executor
