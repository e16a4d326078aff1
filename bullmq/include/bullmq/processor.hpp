#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "bullmq/awaitable.hpp"
#include "bullmq/blocking_processor.hpp"
#include "bullmq/job.hpp"

namespace bullmq {

// Does a job and returns its return value, a JSON text (nothing is "null"); text that is no JSON fails the
// job. An exception is a failure; some mean more, see error.hpp. `stop` is requested when the job is
// cancelled (cancel_job, its lock was lost, its time is up, the worker closes); so is a terminal Asio
// cancellation of the coroutine, so that a co_await in it ends: one of this library with CancelledError, one
// of Asio with operation_aborted. A processor that wants to finish its waits all the same disables that
// (boost::asio::disable_cancellation) and looks at `stop`.
//
// A worker takes any function of this shape, and those that return awaitable<void> or an awaitable of a type
// with a conversion to JSON (json_text.hpp).
using Processor = std::function<awaitable<std::string>(Job job, std::stop_token stop)>;

namespace detail {

template <typename T>
struct AwaitedFrom {};
template <typename T>
struct AwaitedFrom<awaitable<T>> {
  using type = T;
};
template <typename P>
using ProcessedBy =
    typename AwaitedFrom<std::remove_cvref_t<std::invoke_result_t<P&, Job, std::stop_token>>>::type;

template <typename P>
concept CoroutineProcessor = requires { typename ProcessedBy<P>; } && ReturnsJson<ProcessedBy<P>>;

// The coroutine has the function, because a worker may be gone before its last processor.
template <typename P>
awaitable<std::string> processed(std::shared_ptr<P> process, Job job, std::stop_token stop) {
  if constexpr (std::is_void_v<ProcessedBy<P>>) {
    co_await (*process)(std::move(job), std::move(stop));
    co_return "null";
  } else {
    const auto result = co_await (*process)(std::move(job), std::move(stop));
    co_return result_text(result);
  }
}

// Whatever a worker can call, as the one or the other kind of processor.
template <typename P>
auto make_processor(P process) {
  if constexpr (CoroutineProcessor<P>) {
    if constexpr (std::same_as<ProcessedBy<P>, std::string>) {
      return Processor(std::move(process));
    } else {
      return Processor([shared = std::make_shared<P>(std::move(process))](Job job, std::stop_token stop) {
        return processed(shared, std::move(job), std::move(stop));
      });
    }
  } else {
    return make_blocking_processor(std::move(process));
  }
}

}  // namespace detail
}  // namespace bullmq
