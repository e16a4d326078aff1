#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace shunt::base {

class EventLoop;

// A pending call of EventLoop::after. Move-only; destroying or cancelling it means that the call never
// happens, provided that this is done on the loop's own thread (elsewhere the call may be under way).
class Timer {
 public:
  Timer() noexcept;
  Timer(Timer&&) noexcept;
  Timer& operator=(Timer&&) noexcept;
  ~Timer();
  void cancel() noexcept;
  [[nodiscard]] bool pending() const noexcept;

 private:
  friend class EventLoop;
  struct State;
  std::shared_ptr<State> state_;
};

// One thread's loop: sockets, timers and posted functions (an Asio io_context behind a light header). I/O
// objects belong to the loop on which they were made and are touched only from its thread.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // The loop whose run() is on this thread's stack, or nullptr.
  [[nodiscard]] static EventLoop* current() noexcept;

  // Runs `fn` on the loop's thread, never inside this call. Any thread. Functions that are still queued when
  // the loop is destroyed are destroyed without being called.
  void post(std::function<void()> fn);

  // Runs `fn` on the loop's thread and returns when it has run; what it throws is thrown here. Any thread but
  // the loop's own.
  void run_on_thread(const std::function<void()>& fn);

  // Calls `fn` on the loop's thread after `delay`. Call it on the loop's thread, or before run().
  [[nodiscard]] Timer after(std::chrono::nanoseconds delay, std::function<void()> fn);

  // Runs until stop(). One thread at a time.
  void run();
  // Makes run() return soon. Any thread.
  void stop();

  // For I/O objects (include <boost/asio/io_context.hpp> there).
  [[nodiscard]] boost::asio::io_context& context() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `count` loops, each on a thread of its own, from construction to join(). The threads live as long as the
// group, so a loop thread may own things that die with their thread (a child's parent-death signal). SIGPIPE
// is blocked in them.
class EventLoopThreads {
 public:
  explicit EventLoopThreads(std::size_t count);
  // Stops and joins.
  ~EventLoopThreads();

  [[nodiscard]] std::size_t size() const noexcept { return loops_.size(); }
  [[nodiscard]] EventLoop& at(std::size_t index) { return *loops_.at(index); }
  // The calling thread's loop if it is one of ours, else one in turn. Any thread.
  [[nodiscard]] EventLoop& pick();
  void stop_and_join();

 private:
  std::vector<std::unique_ptr<EventLoop>> loops_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace shunt::base
