#include "shunt/base/event_loop.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <future>
#include <utility>

namespace shunt::base {
namespace {
thread_local EventLoop* current_loop = nullptr;

// A write to a pipe or socket that the other end has closed is an error for the writer (EPIPE), not the end
// of the process. Blocked per thread, so that the program's own disposition of the signal stays as it is.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}
}  // namespace

struct Timer::State {
  State(boost::asio::io_context& context, std::function<void()> call) : timer(context), fn(std::move(call)) {}
  boost::asio::steady_timer timer;
  std::function<void()> fn;
  std::atomic<bool> pending{true};  // read from other threads when a timer is retired
};

Timer::Timer() noexcept = default;
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}
Timer::~Timer() {
  cancel();
}

void Timer::cancel() noexcept {
  // Taken out first, both times: what the function holds may own this timer.
  const auto state = std::exchange(state_, nullptr);
  if (!state) return;
  // The handler may be queued already: the flag stops it, and the function's captures go now.
  state->pending = false;
  state->timer.cancel();
  const auto gone = std::exchange(state->fn, nullptr);
}

bool Timer::pending() const noexcept {
  return state_ && state_->pending;
}

struct EventLoop::Impl {
  // One thread runs the context; posts may come from any.
  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{context.get_executor()};
};

EventLoop::EventLoop() : impl_(std::make_unique<Impl>()) {}
EventLoop::~EventLoop() = default;

EventLoop* EventLoop::current() noexcept {
  return current_loop;
}

void EventLoop::post(std::function<void()> fn) {
  boost::asio::post(impl_->context, std::move(fn));
}

void EventLoop::run_on_thread(const std::function<void()>& fn) {
  std::promise<void> ran;
  std::exception_ptr failure;
  post([&] {
    try {
      fn();
    } catch (...) {
      failure = std::current_exception();
    }
    // The handler has let go of the exception by now, so its last owner is who gets it.
    ran.set_value();
  });
  ran.get_future().get();
  if (failure) std::rethrow_exception(std::move(failure));
}

namespace {
// What waits for a timer. One that is destroyed without having been called, with its loop, lets go of the
// function: it may own its timer, so that nobody else would.
template <typename State>
class TimerHandler {
 public:
  explicit TimerHandler(std::shared_ptr<State> state) : state_(std::move(state)) {}
  TimerHandler(TimerHandler&&) noexcept = default;
  TimerHandler& operator=(TimerHandler&&) = delete;
  ~TimerHandler() {
    if (!state_) return;
    const auto gone = std::exchange(state_->fn, nullptr);
  }
  void operator()(const boost::system::error_code& failure) const {
    if (failure || !state_->pending) return;
    state_->pending = false;
    // The function may destroy its own Timer.
    const auto call = std::exchange(state_->fn, nullptr);
    call();
  }

 private:
  std::shared_ptr<State> state_;
};
}  // namespace

Timer EventLoop::after(std::chrono::nanoseconds delay, std::function<void()> fn) {
  Timer timer;
  timer.state_ = std::make_shared<Timer::State>(impl_->context, std::move(fn));
  timer.state_->timer.expires_after(delay);
  timer.state_->timer.async_wait(TimerHandler(timer.state_));
  return timer;
}

void EventLoop::run() {
  EventLoop* const outer = std::exchange(current_loop, this);
  impl_->context.run();
  current_loop = outer;
  impl_->context.restart();
}

void EventLoop::stop() {
  impl_->context.stop();
}

boost::asio::io_context& EventLoop::context() noexcept {
  return impl_->context;
}

EventLoopThreads::EventLoopThreads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<EventLoop>());
  for (auto& loop : loops_) {
    threads_.emplace_back([loop = loop.get()] {
      block_sigpipe();
      loop->run();
    });
  }
}

EventLoopThreads::~EventLoopThreads() {
  stop_and_join();
}

EventLoop& EventLoopThreads::pick() {
  for (auto& loop : loops_) {
    if (loop.get() == EventLoop::current()) return *loop;
  }
  return *loops_[next_.fetch_add(1, std::memory_order_relaxed) % loops_.size()];
}

void EventLoopThreads::stop_and_join() {
  for (auto& loop : loops_) loop->stop();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

}  // namespace shunt::base
