#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

namespace bullmq {

// What the functions of this library return to coroutines, and the executor that its objects run on.
//
// Threads: an object and everything made from it belong to the one thread, or strand, of the executor that it
// was constructed with; call it from there only. Programs with several threads give each its own Queue, or
// use the blocking facade (bullmq/blocking.hpp), which may be called from any thread.
template <typename T>
using awaitable = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;

}  // namespace bullmq
