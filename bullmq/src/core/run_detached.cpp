#include "core/run_detached.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace bullmq::detail {

void run_detached(const Executor& executor, awaitable<void> coroutine) {
  boost::asio::co_spawn(executor, std::move(coroutine), boost::asio::detached);
}

}  // namespace bullmq::detail
