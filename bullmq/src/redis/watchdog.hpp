#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace bullmq::detail {

// Calls `on_expiry` at a time, unless it is destroyed before: then never, even if the timer had expired
// already. For one thread or strand.
class Watchdog {
 public:
  Watchdog(const boost::asio::any_io_executor& executor, std::chrono::steady_clock::time_point until,
           std::function<void()> on_expiry)
      : on_expiry_(std::make_shared<std::function<void()>>(std::move(on_expiry))), timer_(executor, until) {
    timer_.async_wait([weak = std::weak_ptr(on_expiry_)](boost::system::error_code cancelled) {
      if (cancelled) return;
      if (const auto armed = weak.lock()) (*armed)();
    });
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::shared_ptr<std::function<void()>> on_expiry_;
  boost::asio::steady_timer timer_;
};

}  // namespace bullmq::detail
