#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// The way to a loop for those who may come after it has gone. Any thread.
class LoopGate {
 public:
  explicit LoopGate(EventLoop& loop) : loop_(&loop) {}
  // Runs `fn` on the loop's thread. False: never.
  bool post(std::function<void()> fn) {
    const std::lock_guard lock(mutex_);
    if (loop_ != nullptr) loop_->post(std::move(fn));
    return loop_ != nullptr;
  }
  // From now on nothing is posted.
  void shut() {
    const std::lock_guard lock(mutex_);
    loop_ = nullptr;
  }

 private:
  std::mutex mutex_;
  EventLoop* loop_;
};

// Calls `ask` with a callback that may be called on any thread, once, and waits for it on the loop. Whoever
// is asked calls back within a bounded time.
template <typename T>
bullmq::awaitable<T> answer_of(std::shared_ptr<LoopGate> gate,
                               std::function<void(std::function<void(T)>)> ask) {
  auto start = [gate = std::move(gate), ask = std::move(ask)](auto handler) {
    auto waiting = std::make_shared<decltype(handler)>(std::move(handler));
    ask([gate, waiting](T answer) {
      auto held = std::make_shared<T>(std::move(answer));
      gate->post([waiting, held] { (std::move(*waiting))(std::move(*held)); });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      std::move(start), boost::asio::use_awaitable);
}

}  // namespace shunt::webhooks
