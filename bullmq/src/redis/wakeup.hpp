#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "bullmq/error.hpp"

namespace bullmq::detail {

// A coroutine that waits for a change of something, and those who change it. A wake that comes while nobody
// waits is kept for the next wait, so none is lost; who was woken looks at the state again. For one thread,
// one waiter.
class Wakeup {
 public:
  explicit Wakeup(const boost::asio::any_io_executor& executor) : timer_(executor) {}

  void wake() {
    woken_ = true;
    timer_.cancel();
  }

  // Returns at a wake or at `until`. Throws CancelledError when the coroutine is cancelled.
  boost::asio::awaitable<void> wait(std::chrono::steady_clock::time_point until) {
    if (!woken_) {
      timer_.expires_at(until);
      boost::system::error_code ignored;
      co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
      const auto cancellation = co_await boost::asio::this_coro::cancellation_state;
      if (cancellation.cancelled() != boost::asio::cancellation_type::none)
        throw CancelledError(Fate::not_executed);
    }
    woken_ = false;
  }
  boost::asio::awaitable<void> wait() { return wait(std::chrono::steady_clock::time_point::max()); }

 private:
  boost::asio::steady_timer timer_;
  bool woken_ = false;
};

}  // namespace bullmq::detail
