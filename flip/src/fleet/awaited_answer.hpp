#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/loop_gate.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Calls `ask` with a callback that may be called on any thread, and waits for it on the loop; nullopt when it
// was not called within `patience`. A late answer is dropped.
template <typename T>
bullmq::awaitable<std::optional<T>> answer_of(EventLoop& loop, std::shared_ptr<LoopGate> gate,
                                              std::chrono::milliseconds patience,
                                              std::function<void(std::function<void(T)>)> ask) {
  struct Waiting {
    explicit Waiting(EventLoop& on) : timer(on.context()) {}
    boost::asio::steady_timer timer;
    std::optional<T> answer;
    bool over = false;
  };
  const auto waiting = std::make_shared<Waiting>(loop);
  waiting->timer.expires_after(patience);
  std::function<void(T)> done = [gate, weak = std::weak_ptr<Waiting>(waiting)](T answer) {
    auto held = std::make_shared<T>(std::move(answer));
    gate->post([weak, held] {
      const auto still = weak.lock();
      if (!still || still->over) return;
      still->answer = std::move(*held);
      still->over = true;
      still->timer.cancel();
    });
  };
  ask(std::move(done));
  boost::system::error_code woken;
  co_await waiting->timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
  waiting->over = true;
  co_return std::move(waiting->answer);
}

}  // namespace shunt::flip
