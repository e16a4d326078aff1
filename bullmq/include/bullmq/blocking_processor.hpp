#pragma once

#include <concepts>
#include <functional>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>

#include "bullmq/blocking_job.hpp"
#include "bullmq/error.hpp"
#include "bullmq/json_text.hpp"

namespace bullmq {

// Does a job and returns its return value, a JSON text ("null" for nothing). An ordinary function, which may
// block and burn CPU: each call has a thread of the worker's pool to itself. What it throws is a failure;
// some exceptions mean more, see error.hpp.
//
// `stop` is requested when the job is cancelled: by cancel_job(), because its lock was lost, its time is up,
// or the worker closes. Look at it between steps, or wait with it (std::condition_variable_any); a
// std::stop_callback is called on the worker's thread. What becomes of a cancelled job is the processor's
// decision: it returns as usual, or throws.
//
// Nobody can stop a thread that does not look. After job_timeout, or close() with a deadline, such a
// processor is given up when WorkerOptions::cancel_grace is over: its job fails or goes back to the queue,
// and what the processor returns later is ignored. Its thread still counts as one of the worker's
// `concurrency` until it ends, so the machine is never asked for more than that; a worker all of whose
// threads are lost that way takes no jobs, and says so with an error event for each.
//
// A worker takes any function of this shape, and those that return void or a type with a conversion to JSON
// (json_text.hpp).
using BlockingProcessor = std::function<std::string(blocking::Job& job, std::stop_token stop)>;

namespace detail {

template <typename R>
concept ReturnsJson =
    std::is_void_v<R> || std::convertible_to<R, std::string> || JsonWritable<std::remove_cvref_t<R>>;

template <typename P>
concept ThreadProcessor = std::invocable<P&, blocking::Job&, std::stop_token> &&
                          ReturnsJson<std::invoke_result_t<P&, blocking::Job&, std::stop_token>>;

// A result that cannot be written would not be the next time either.
template <typename Result>
std::string result_text(const Result& result) {
  if constexpr (std::convertible_to<const Result&, std::string>) {
    return result;
  } else {
    try {
      return to_json_text(result);
    } catch (const Error& refused) {
      throw UnrecoverableError(refused.what());
    }
  }
}

template <typename P>
BlockingProcessor make_blocking_processor(P process) {
  static_assert(ThreadProcessor<P>,
                "bullmq: a processor is called with (bullmq::Job, std::stop_token) and returns "
                "bullmq::awaitable<R>, or "
                "with (bullmq::blocking::Job&, std::stop_token) and returns R; R is JSON text (std::string), "
                "void, or a "
                "type with a conversion to JSON (bullmq/json.hpp)");
  if constexpr (!ThreadProcessor<P>) {
    return {};
  } else {
    using Result = std::invoke_result_t<P&, blocking::Job&, std::stop_token>;
    if constexpr (std::same_as<Result, std::string>) {
      return BlockingProcessor(std::move(process));
    } else {
      return [process = std::move(process)](blocking::Job& job, std::stop_token stop) mutable -> std::string {
        if constexpr (std::is_void_v<Result>) {
          process(job, std::move(stop));
          return "null";
        } else {
          return result_text(process(job, std::move(stop)));
        }
      };
    }
  }
}

// See with_data.
template <typename Data, typename F>
class DataProcessor {
 public:
  explicit DataProcessor(F process) : process_(std::move(process)) {}

  template <typename AnyJob>
    requires(std::invocable<F&, Data, AnyJob, std::stop_token> || std::invocable<F&, Data, AnyJob> ||
             std::invocable<F&, Data, std::stop_token> || std::invocable<F&, Data>)
  auto operator()(AnyJob&& job, std::stop_token stop) {
    Data data = read(job.data());
    if constexpr (std::invocable<F&, Data, AnyJob, std::stop_token>) {
      return process_(std::move(data), std::forward<AnyJob>(job), std::move(stop));
    } else if constexpr (std::invocable<F&, Data, AnyJob>) {
      return process_(std::move(data), std::forward<AnyJob>(job));
    } else if constexpr (std::invocable<F&, Data, std::stop_token>) {
      return process_(std::move(data), std::move(stop));
    } else {
      return process_(std::move(data));
    }
  }

 private:
  // Data of another shape is the same in the next attempt.
  static Data read(const std::string& json) {
    try {
      return from_json_text<Data>(json);
    } catch (const JsonError& refused) {
      throw UnrecoverableError(refused.what());
    }
  }

  F process_;
};

}  // namespace detail

// A processor of jobs whose data are of one type: `process` is called with (Data), (Data, job), (Data, stop)
// or (Data, job, stop), the job and the result being as in Processor or BlockingProcessor. A job whose data
// are something else fails without another attempt.
//   bullmq::Worker worker(executor, "mail", bullmq::with_data<Mail>(send_mail));
template <typename Data, typename F>
[[nodiscard]] auto with_data(F process) {
  return detail::DataProcessor<Data, F>(std::move(process));
}

}  // namespace bullmq
