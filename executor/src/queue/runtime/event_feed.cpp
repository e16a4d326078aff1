#include "queue/runtime/event_feed.hpp"

#include <functional>
#include <utility>

#include "queue/runtime/async_condition.hpp"
#include "shunt/base/loop_gate.hpp"

namespace shunt::executor {

struct EventFeed::State {
  explicit State(EventLoop& loop) : gate(std::make_shared<LoopGate>(loop)), changed(loop) {}
  const std::shared_ptr<LoopGate> gate;  // outlives the state: a generator's thread may be posting
  AsyncCondition changed;                // ready or stopped
  std::unique_ptr<EventWatch> watch;
  bool ready = false;  // there may be events
  bool stopped = false;
};

EventFeed::EventFeed(EventLoop& loop) : state_(std::make_shared<State>(loop)) {}

EventFeed::~EventFeed() {
  stop();
}

void EventFeed::follow(std::unique_ptr<EventWatch> watch) {
  state_->watch = std::move(watch);
}

bullmq::awaitable<std::vector<GenerationEvent>> EventFeed::next() {
  return wait(state_);
}

bullmq::awaitable<std::vector<GenerationEvent>> EventFeed::wait(std::shared_ptr<State> state) {
  std::vector<GenerationEvent> events = state->watch->read();
  while (events.empty() && !state->stopped && !state->watch->ended() && !state->watch->lost()) {
    state->ready = false;
    state->watch->on_ready([weak = std::weak_ptr<State>(state), gate = state->gate] {
      gate->post([weak] {
        const auto woken = weak.lock();
        if (!woken) return;
        woken->ready = true;
        woken->changed.notify_all();
      });
    });
    std::function<bool()> awake = [state] { return state->ready || state->stopped; };
    (void)co_await state->changed.wait_until(SteadyTime::max(), std::move(awake));
    events = state->watch->read();
  }
  co_return events;
}

bool EventFeed::ended() const {
  return state_->watch && state_->watch->ended();
}

void EventFeed::stop() {
  state_->stopped = true;
  state_->gate->shut();
  state_->changed.notify_all();
}

}  // namespace shunt::executor
