#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "shunt/api/namespace.hpp"
#include "shunt/base/event_loop.hpp"

namespace shunt::api::batches {

// The way back to a loop's thread for what answers on threads of others, perhaps when the loop is gone. Any
// thread.
class LoopPost {
 public:
  explicit LoopPost(EventLoop& loop) : loop_(&loop) {}

  void post(std::function<void()> fn) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::move(fn));
  }
  // Nothing is posted any more.
  void close() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  EventLoop* loop_;
};

// A function for an executor that hands its answer to `take` on the loop's thread. T may be move-only.
template <typename T>
[[nodiscard]] std::function<void(T)> on_loop(std::shared_ptr<LoopPost> back, std::function<void(T)> take) {
  return [back = std::move(back), take = std::move(take)](T answer) {
    back->post([take, answer = std::make_shared<T>(std::move(answer))] { take(std::move(*answer)); });
  };
}

}  // namespace shunt::api::batches
