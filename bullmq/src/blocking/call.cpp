#include "blocking/call.hpp"

#include <utility>

#include "core/run_detached.hpp"

namespace bullmq::detail {

void start_on(const Gate& gate, awaitable<void> coroutine) {
  // Detached: the coroutine tells its call of the end.
  run_detached(gate.executor(), std::move(coroutine));
}

void throw_gone() {
  throw ConnectionError(Fate::not_executed, "Connection is closed.");
}

}  // namespace bullmq::detail
