#include "redis/wakeup.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bullmq/error.hpp"

namespace bullmq::detail {

namespace asio = boost::asio;

Wakeup::Wakeup(const asio::any_io_executor& executor) : timer_(executor) {}

void Wakeup::wake() {
  woken_ = true;
  timer_.cancel();
}

asio::awaitable<void> Wakeup::wait(std::chrono::steady_clock::time_point until) {
  if (!woken_) {
    timer_.expires_at(until);
    boost::system::error_code ignored;
    co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) throw CancelledError(Fate::not_executed);
  }
  woken_ = false;
}

}  // namespace bullmq::detail
