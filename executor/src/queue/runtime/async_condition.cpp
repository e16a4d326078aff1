#include "queue/runtime/async_condition.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <utility>
#include <vector>

namespace shunt::executor {

struct AsyncCondition::State {
  explicit State(EventLoop& on) : loop(on) {}
  EventLoop& loop;
  std::uint64_t changes = 0;
  std::vector<boost::asio::steady_timer*> waiting;  // in coroutines that hold this state
};

AsyncCondition::AsyncCondition(EventLoop& loop) : state_(std::make_shared<State>(loop)) {}

bullmq::awaitable<bool> AsyncCondition::wait_until(SteadyTime deadline, std::function<bool()> holds) {
  return wait(state_, deadline, std::move(holds));
}

bullmq::awaitable<void> AsyncCondition::wait_for_change(SteadyTime deadline) {
  const auto state = state_;
  std::function<bool()> changed = [state, seen = state->changes] { return state->changes != seen; };
  (void)co_await wait(state, deadline, std::move(changed));
}

bullmq::awaitable<bool> AsyncCondition::wait(std::shared_ptr<State> state, SteadyTime deadline,
                                             std::function<bool()> holds) {
  boost::asio::steady_timer timer(state->loop.context(), deadline);
  // Leaves the list also when the coroutine goes with its loop.
  struct Entry {
    Entry(State& in, boost::asio::steady_timer& timer) : state(in), own(&timer) {
      state.waiting.push_back(own);
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    ~Entry() { std::erase(state.waiting, own); }
    State& state;
    boost::asio::steady_timer* own;
  };
  const Entry entry(*state, timer);
  bool held = holds();
  while (!held && std::chrono::steady_clock::now() < deadline) {
    timer.expires_at(deadline);
    boost::system::error_code woken;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, woken));
    held = holds();
  }
  co_return held;
}

void AsyncCondition::notify_all() {
  ++state_->changes;
  for (boost::asio::steady_timer* const timer : state_->waiting) timer->cancel();
}

}  // namespace shunt::executor
