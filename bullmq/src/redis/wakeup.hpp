#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>

namespace bullmq::detail {

// A coroutine that waits for a change of something, and those who change it. A wake that comes while nobody
// waits is kept for the next wait, so none is lost; who was woken looks at the state again. For one thread,
// one waiter.
class Wakeup {
 public:
  explicit Wakeup(const boost::asio::any_io_executor& executor);

  void wake();

  // Returns at a wake or at `until`. Throws CancelledError when the coroutine is cancelled.
  boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point until);
  boost::asio::awaitable<void> wait() { return wait(std::chrono::steady_clock::time_point::max()); }

 private:
  boost::asio::steady_timer timer_;
  bool woken_ = false;
};

}  // namespace bullmq::detail
