#include "blocking/call.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace bullmq::detail {

void start_on(const Gate& gate, awaitable<void> coroutine) {
  // Detached: the coroutine tells its call of the end.
  boost::asio::co_spawn(gate.executor(), std::move(coroutine), boost::asio::detached);
}

void throw_gone() {
  throw ConnectionError(Fate::not_executed, "Connection is closed.");
}

}  // namespace bullmq::detail
