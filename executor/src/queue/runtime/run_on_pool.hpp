#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <optional>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

namespace detail {

// Optional, because co_spawn wants a result that can be made from nothing.
template <typename T>
bullmq::awaitable<std::optional<T>> call(std::function<T()> work) {
  co_return work();
}

}  // namespace detail

// Runs what blocks (files, the network of a store) on a pool, and comes back to the caller's thread with the
// result.
template <typename T>
bullmq::awaitable<T> run_on(boost::asio::thread_pool& pool, std::function<T()> work) {
  auto task = detail::call<T>(std::move(work));
  std::optional<T> result = co_await boost::asio::co_spawn(pool, std::move(task), boost::asio::use_awaitable);
  co_return std::move(*result);
}

}  // namespace shunt::executor
