#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "shunt/base/loop_gate.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

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
