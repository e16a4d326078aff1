#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <utility>

#include "queue/queue_core.hpp"

namespace shunt::executor {

// Every coroutine launched here catches what it may throw; detached, because the core that it holds is all it
// needs.
template <typename Coroutine, typename... Args>
void QueueCore::launch(Coroutine coroutine, Args... args) {
  boost::asio::co_spawn(loop.context(), coroutine(shared_from_this(), std::move(args)...),
                        boost::asio::detached);
}

}  // namespace shunt::executor
