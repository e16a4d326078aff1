#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <utility>

#include "queue/services/queue_core.hpp"
#include "queue/runtime/redis_fault.hpp"

namespace shunt::executor {

// Every coroutine launched here catches what it may throw: what it lets out all the same is a fault. Nobody
// waits for it, because the core that it holds is all it needs.
template <typename Coroutine, typename... Args>
void QueueCore::launch(Coroutine coroutine, Args... args) {
  boost::asio::co_spawn(loop.context(), coroutine(shared_from_this(), std::move(args)...),
                        [core = shared_from_this()](const std::exception_ptr& failure) {
                          note_ended_with(core->faults, "launched", failure);
                        });
}

}  // namespace shunt::executor
