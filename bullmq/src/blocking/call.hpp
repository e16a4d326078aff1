#pragma once

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
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

// A call that its gate knows of, for as long as the caller waits.
class Waiting {
 public:
  Waiting(const std::shared_ptr<Gate>& gate, std::shared_ptr<PendingCall> call)
      : gate_(gate), call_(std::move(call)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { gate_->end(call_); }

 private:
  const std::shared_ptr<Gate>& gate_;
  std::shared_ptr<PendingCall> call_;
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

// Starts a coroutine that owns what it needs; nobody is told of its end. On the gate's executor.
void start_on(const Gate& gate, awaitable<void> coroutine);
// Throws what a call gets whose object has gone.
[[noreturn]] void throw_gone();

// What a call starts on the executor: locks the object that it is about, which `target` then keeps, and
// returns the operation. Throws ConnectionError when the object has gone.
template <typename Result>
using Operation = std::function<awaitable<Result>(std::shared_ptr<void>& target)>;

// What a caller gets for an operation's result.
template <typename Result>
using Blocking =
    decltype(to_blocking(std::declval<const std::shared_ptr<Gate>&>(),
                         std::declval<std::conditional_t<std::is_void_v<Result>, std::monostate, Result>>()));

// The target and the operation live here for as long as what was started. One coroutine serves all calls that
// have the same result: a compiler takes long for each.
template <typename Result>
awaitable<void> carry_out(std::shared_ptr<CallOf<Blocking<Result>>> call, std::shared_ptr<Gate> gate,
                          Operation<Result> operation) {
  std::exception_ptr failure;
  try {
    std::shared_ptr<void> target;
    awaitable<Result> started = operation(target);
    if constexpr (std::is_void_v<Result>) {
      co_await std::move(started);
      call->succeed({});
    } else {
      Result result = co_await std::move(started);
      call->succeed(to_blocking(gate, std::move(result)));
    }
  } catch (...) {
    failure = std::current_exception();
  }
  // Behind the handler, which holds the exception too: its last owner is the caller, whose thread reads it.
  if (failure) call->fail(std::move(failure));
}

template <typename Result>
Blocking<Result> call_operation(const std::shared_ptr<Gate>& gate, Operation<Result> operation) {
  gate->refuse_own_thread();
  const auto pending = std::make_shared<CallOf<Blocking<Result>>>();
  // The caller waits for `pending`, so nobody needs the coroutine's end.
  gate->begin(pending, [pending, gate, operation = std::move(operation)]() mutable {
    start_on(*gate, carry_out<Result>(pending, gate, std::move(operation)));
  });
  const Waiting waiting(gate, pending);
  return pending->wait(gate->timeout());
}

// Calls `start(object)`, which returns an awaitable, on the object's executor and waits for its end. What it
// throws is thrown here. `start` must hold copies of what it needs: if the waiting ends early, it goes on.
template <typename Object, typename Start>
auto call(const Kept<Object>& kept, Start start) {
  using Result = typename std::invoke_result_t<Start&, Object&>::value_type;
  Operation<Result> operation = [weak = kept.object(),
                                 start = std::move(start)](std::shared_ptr<void>& target) mutable {
    const auto object = weak.lock();
    if (!object) throw_gone();
    target = object;
    return start(*object);
  };
  if constexpr (std::is_void_v<Result>) {
    call_operation<Result>(kept.gate(), std::move(operation));
  } else {
    return call_operation<Result>(kept.gate(), std::move(operation));
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
    std::exception_ptr failure;
    try {
      if constexpr (std::is_void_v<Result>) {
        (*shared_work)();
        pending->succeed({});
      } else {
        pending->succeed((*shared_work)());
      }
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) pending->fail(std::move(failure));
  });
  const Waiting waiting(gate, pending);
  if constexpr (std::is_void_v<Result>) {
    pending->wait(gate->timeout());
  } else {
    return pending->wait(gate->timeout());
  }
}

}  // namespace bullmq::detail
