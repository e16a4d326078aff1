#pragma once

#include <functional>
#include <mutex>
#include <utility>

#include "shunt/base/event_loop.hpp"

namespace shunt::base {

// The way to a loop for those who may come after it has gone. Any thread.
class LoopGate {
 public:
  explicit LoopGate(EventLoop& loop) : loop_(&loop) {}

  // Runs `fn` on the loop's thread, never inside this call. False: the gate is shut, and `fn` has been
  // destroyed without being called.
  bool post(std::function<void()> fn) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::move(fn));
    return loop_ != nullptr;
  }
  // Before the loop goes: from now on nothing is posted.
  void shut() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  EventLoop* loop_;
};

}  // namespace shunt::base
