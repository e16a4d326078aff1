#pragma once

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {

namespace detail {

template <typename Item>
struct AtOnce {
  AtOnce(EventLoop& loop, FaultLog& log) : faults(log), done(loop.context(), SteadyTime::max()) {}
  std::vector<Item> items;
  std::function<bullmq::awaitable<void>(Item)> work;
  FaultLog& faults;
  std::string duty;
  std::size_t next = 0;
  std::size_t under_way = 0;
  boost::asio::steady_timer done;
};

template <typename Item>
bullmq::awaitable<void> do_one(std::shared_ptr<AtOnce<Item>> all, Item item) {
  try {
    bullmq::awaitable<void> doing = all->work(std::move(item));
    co_await std::move(doing);
  } catch (...) {
    note_caught(all->faults, FaultLog::Source::kDuty, all->duty);
  }
}

template <typename Item>
bullmq::awaitable<void> take_turns(std::shared_ptr<AtOnce<Item>> all) {
  while (all->next < all->items.size()) {
    Item item = std::move(all->items[all->next++]);
    co_await do_one(all, std::move(item));
  }
  if (--all->under_way == 0) all->done.cancel();
}

}  // namespace detail

// Does something for each item, for up to `limit` of them at once, and returns when all is done: their calls
// of Redis leave together. What one of them throws is noted as a fault of `duty` and harms no other. On the
// loop's thread.
template <typename Item>
bullmq::awaitable<void> for_each_at_once(EventLoop& loop, FaultLog& faults, std::string duty,
                                         std::vector<Item> items, std::size_t limit,
                                         std::function<bullmq::awaitable<void>(Item)> work) {
  if (items.empty()) co_return;
  auto all = std::make_shared<detail::AtOnce<Item>>(loop, faults);
  all->under_way = std::min(limit, items.size());
  all->items = std::move(items);
  all->work = std::move(work);
  all->duty = std::move(duty);
  const std::size_t turns = all->under_way;
  // Detached: each holds all that it needs, and lets nothing out.
  for (std::size_t i = 0; i < turns; ++i)
    boost::asio::co_spawn(loop.context(), detail::take_turns<Item>(all), boost::asio::detached);
  boost::system::error_code woken;
  while (all->under_way > 0)
    co_await all->done.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
}

}  // namespace shunt::executor
