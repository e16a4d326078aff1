#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <utility>

#include "bullmq/error.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

namespace asio = boost::asio;

namespace {

// How long Redis may take for the jobs that are given back, when cancel_grace is shorter.
constexpr Milliseconds kShortestGiveBack{1'000};

}  // namespace

// Also when it is closing already: the earlier deadline counts.
void Worker::State::start_closing(std::optional<Milliseconds> deadline) {
  if (closed) return;
  if (deadline) close_by = std::min(close_by, Clock::now() + *deadline);
  if (!std::exchange(closing, true)) {
    emit(events.closing);
    ++stalled_generation;
    stalled_wakeup.wake();
    stop_blocking();
    // Detached: it ends with `closed`, for which close() waits.
    asio::co_spawn(executor, wind_up(shared_from_this()), asio::detached);
  }
  wake_all();
}

awaitable<void> Worker::State::wind_up(std::shared_ptr<State> self) {
  // Without a job and without Redis there is nothing to wait for.
  const auto settled = [state = self.get()] {
    return state->is_idle() || (state->running.empty() && !state->backend->connection().is_up());
  };
  while (!settled() && Clock::now() < self->close_by) {
    const auto by = self->close_by;
    const auto something_new = [&] { return settled() || self->close_by != by; };
    co_await self->wait_until(something_new, by);
  }
  if (!self->running.empty()) {
    const auto to_cancel = self->running;
    for (const auto& [token, job] : to_cancel) self->cancel(*job, "the worker is closing");
    co_await self->wait_until(settled, Clock::now() + self->options.cancel_grace);
  }
  if (!self->running.empty()) co_await self->give_back_all();
  if (self->pool) self->pool->end(Milliseconds(0));
  self->locks.reset();
  self->blocking->close();
  co_await self->backend->connection().drain_and_close();
  // What still waits for an answer is told now that none will come.
  const auto idle = [state = self.get()] { return state->is_idle(); };
  co_await self->wait_until(idle, Clock::now() + self->options.cancel_grace);
  self->closed = true;
  self->emit(self->events.closed);
  self->wake_all();
}

// All at once, so that a Redis that does not answer is waited for once.
awaitable<void> Worker::State::give_back_all() {
  const auto left = running;
  const auto waiting = std::make_shared<std::size_t>(left.size());
  for (const auto& [token, job] : left) {
    // Detached: counted in `waiting`, and holds the state.
    asio::co_spawn(
        executor,
        [](std::shared_ptr<State> self, RunningPointer running_job,
           std::shared_ptr<std::size_t> still_waiting) -> awaitable<void> {
          // A finish that is on its way comes first; if it was done, there is nothing to give back.
          if (!running_job->ending) co_await self->give_back(running_job->job);
          running_job->given_back = true;
          if (!std::exchange(running_job->done, true)) self->give_up(*running_job);
          running_job->changed.wake();
          --*still_waiting;
          self->wake_all();
        }(shared_from_this(), job, waiting),
        asio::detached);
  }
  const auto patience = std::max(options.cancel_grace, kShortestGiveBack);
  const auto all_back = [this, count = waiting.get()] { return *count == 0 && is_idle(); };
  co_await wait_until(all_back, Clock::now() + patience);
}

void Worker::State::abandon() {
  if (std::exchange(abandoned, true)) return;
  closing = true;
  closed = true;
  ++stalled_generation;
  locks.reset();
  const auto to_cancel = running;
  for (const auto& [token, job] : to_cancel) cancel(*job, "the worker was destroyed");
  if (pool) pool->end(options.cancel_grace);
  blocking->close();
  backend->connection().close();
  stalled_wakeup.wake();
  wake_all();
}

}  // namespace bullmq
