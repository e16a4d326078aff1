#pragma once

#include <atomic>
#include <coroutine>
#include <functional>
#include <memory>
#include <utility>

#include "shunt/base/event_loop.hpp"
#include "shunt/http/namespace.hpp"

namespace shunt::http {

// The one thing a connection's coroutine waits for. Everything that may concern it (bytes arrived, room to
// write, an event of its generation, a deadline, shutdown) changes the connection's state and calls wake();
// the coroutine then looks at the state. So a wake may be one too many, never one too few. Loop thread only.
class Wake {
 public:
  Wake() = default;
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;

  // A value of its own: g++ 12 copies an awaiter that a function returns by reference, and then waits on the
  // copy.
  struct Awaiter {
    Wake& wake;
    [[nodiscard]] bool await_ready() const noexcept { return std::exchange(wake.signalled_, false); }
    void await_suspend(std::coroutine_handle<> waiter) const noexcept { wake.waiter_ = waiter; }
    void await_resume() const noexcept {}
  };
  [[nodiscard]] Awaiter operator co_await() noexcept { return {*this}; }

  // Resumes the waiting coroutine inside this call. If it is not waiting, its next wait ends at once.
  void wake() {
    if (const auto waiter = std::exchange(waiter_, nullptr)) {
      waiter.resume();
    } else {
      signalled_ = true;
    }
  }

  [[nodiscard]] bool waiting() const noexcept { return waiter_ != nullptr; }

 private:
  std::coroutine_handle<> waiter_;
  bool signalled_ = false;
};

// Wakes a connection from any thread, and outlives it: an event stream's producer may still call when the
// connection has gone. Calls between two runs of the loop become one.
class RemoteWake : public std::enable_shared_from_this<RemoteWake> {
 public:
  RemoteWake(EventLoop& loop, std::function<void()> target) : loop_(loop), target_(std::move(target)) {}

  // Any thread.
  void post() {
    if (posted_.exchange(true)) return;
    loop_.post([self = shared_from_this()] {
      self->posted_.store(false);
      if (self->target_) self->target_();
    });
  }

  // Loop thread: from now on nothing is woken.
  void detach() noexcept { target_ = nullptr; }

 private:
  EventLoop& loop_;
  std::function<void()> target_;
  std::atomic<bool> posted_{false};
};

}  // namespace shunt::http
