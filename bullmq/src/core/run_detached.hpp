#pragma once

#include "bullmq/awaitable.hpp"

namespace bullmq::detail {

// Runs a coroutine that owns what it needs and lets no exception out; nobody is told of its end. Here rather
// than at its callers because compilers make all of Asio's starting of coroutines anew in each file that does
// it.
void run_detached(const Executor& executor, awaitable<void> coroutine);

}  // namespace bullmq::detail
