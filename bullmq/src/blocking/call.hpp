#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "blocking/gate.hpp"
#include "blocking/job_handle.hpp"
#include "bullmq/error.hpp"

namespace bullmq::detail {

template <typename Value>
class CallOf final : public PendingCall {
 public:
  void succeed(Value value) {
    const std::lock_guard guard(mutex_);
    if (std::exchange(done_, true)) return;
    value_.emplace(std::move(value));
    ended_.notify_all();
  }
  void fail(std::exception_ptr why) override {
    const std::lock_guard guard(mutex_);
    if (std::exchange(done_, true)) return;
    failure_ = std::move(why);
    ended_.notify_all();
  }
  Value wait(const std::optional<Milliseconds>& timeout) {
    std::unique_lock lock(mutex_);
    const auto done = [this] { return done_; };
    if (!timeout) {
      ended_.wait(lock, done);
    } else if (!ended_.wait_for(lock, *timeout, done)) {
      throw CommandTimeoutError(Fate::unknown,
                                "no answer within " + std::to_string(timeout->count()) +
                                    " ms: the executor that the worker was constructed with does not run");
    }
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return std::move(*value_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::optional<Value> value_;
  std::exception_ptr failure_;
};

// What the blocking side gets for what a coroutine returns.
template <typename Value>
Value to_blocking(const std::shared_ptr<Gate>&, Value value) {
  return value;
}
inline blocking::Job to_blocking(const std::shared_ptr<Gate>& gate, Job job) {
  return make_blocking_job(gate, std::move(job));
}
inline std::optional<blocking::Job> to_blocking(const std::shared_ptr<Gate>& gate, std::optional<Job> job) {
  if (!job) return std::nullopt;
  return make_blocking_job(gate, std::move(*job));
}
inline std::vector<blocking::Job> to_blocking(const std::shared_ptr<Gate>& gate, std::vector<Job> jobs) {
  std::vector<blocking::Job> handles;
  handles.reserve(jobs.size());
  for (Job& job : jobs) handles.push_back(make_blocking_job(gate, std::move(job)));
  return handles;
}

// `target` and `start` live here for as long as what was started.
template <typename Value, typename Object, typename Start>
awaitable<void> carry_out(std::shared_ptr<CallOf<Value>> call, std::shared_ptr<Gate> gate,
                          std::shared_ptr<Object> target, Start start) {
  try {
    auto operation = start(*target);
    using Result = typename decltype(operation)::value_type;
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(operation);
      call->succeed({});
    } else {
      Result result = co_await std::move(operation);
      call->succeed(to_blocking(gate, std::move(result)));
    }
  } catch (...) {
    call->fail(std::current_exception());
  }
}

// Calls `start(object)`, which returns an awaitable, on the object's executor and waits for its end. What it
// throws is thrown here. `start` must hold copies of what it needs: if the waiting ends early, it goes on.
template <typename Object, typename Start>
auto call(const Kept<Object>& kept, Start start) {
  using Result = typename std::invoke_result_t<Start&, Object&>::value_type;
  using Void = std::is_void<Result>;
  using Value =
      decltype(to_blocking(std::declval<const std::shared_ptr<Gate>&>(),
                           std::declval<std::conditional_t<Void::value, std::monostate, Result>>()));
  const auto& gate = kept.gate();
  gate->refuse_own_thread();
  const auto pending = std::make_shared<CallOf<Value>>();
  // Shared, because a std::function has to be copyable.
  const auto shared_start = std::make_shared<Start>(std::move(start));
  gate->begin(pending, [pending, gate, weak = kept.object(), shared_start] {
    const auto target = weak.lock();
    if (!target) {
      pending->fail(std::make_exception_ptr(ConnectionError(Fate::not_executed, "Connection is closed.")));
      return;
    }
    // Detached: the caller waits for `pending`.
    boost::asio::co_spawn(gate->executor(), carry_out(pending, gate, target, std::move(*shared_start)),
                          boost::asio::detached);
  });
  struct End {
    const std::shared_ptr<Gate>& gate;
    std::shared_ptr<PendingCall> pending;
    ~End() { gate->end(pending); }
  } const end{gate, pending};
  if constexpr (Void::value) {
    pending->wait(gate->timeout());
  } else {
    return pending->wait(gate->timeout());
  }
}

// The same for what needs no waiting there: `work()` runs on the gate's executor, and its result is returned.
// With a gate of unlimited timeout it may refer to the caller's variables.
template <typename Work>
auto call_now(const std::shared_ptr<Gate>& gate, Work work) {
  using Result = std::invoke_result_t<Work&>;
  using Value = std::conditional_t<std::is_void_v<Result>, std::monostate, Result>;
  gate->refuse_own_thread();
  const auto pending = std::make_shared<CallOf<Value>>();
  const auto shared_work = std::make_shared<Work>(std::move(work));
  gate->begin(pending, [pending, shared_work] {
    try {
      if constexpr (std::is_void_v<Result>) {
        (*shared_work)();
        pending->succeed({});
      } else {
        pending->succeed((*shared_work)());
      }
    } catch (...) {
      pending->fail(std::current_exception());
    }
  });
  struct End {
    const std::shared_ptr<Gate>& gate;
    std::shared_ptr<PendingCall> pending;
    ~End() { gate->end(pending); }
  } const end{gate, pending};
  if constexpr (std::is_void_v<Result>) {
    pending->wait(gate->timeout());
  } else {
    return pending->wait(gate->timeout());
  }
}

}  // namespace bullmq::detail
