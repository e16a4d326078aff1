#include <algorithm>
#include <chrono>
#include <utility>

#include "bullmq/error.hpp"
#include "core/run_detached.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

using detail::ClosingStage;
using detail::ClosingStep;
using detail::JobAction;
using detail::JobEvent;
using detail::WorkerEvent;

namespace {

// How long Redis may take for the jobs that are given back, when cancel_grace is shorter.
constexpr Milliseconds kShortestGiveBack{1'000};

}  // namespace

// A worker that is closing already keeps the earlier of two deadlines.
void Worker::State::start_closing(std::optional<Milliseconds> deadline) {
  if (is_over()) return;
  if (deadline) close_by = std::min(close_by, Clock::now() + *deadline);
  on(WorkerEvent::close);
  wake_all();
}

ClosingStep Worker::State::closing_step(ClosingStage stage, Clock::time_point until) const {
  return detail::next_closing_step({.stage = stage,
                                    .has_jobs = !in_process.empty(),
                                    .has_loop = detail::has_loop(phase),
                                    .is_connected = backend->connection().is_up(),
                                    .time_is_up = Clock::now() >= until});
}

awaitable<void> Worker::State::wind_up(std::shared_ptr<State> self) {
  auto stage = ClosingStage::waiting;
  auto until = self->close_by;
  while (true) {
    const ClosingStep step = self->closing_step(stage, until);
    if (step == ClosingStep::end) break;
    if (step == ClosingStep::wait) {
      const auto by = self->close_by;
      const auto something_new = [&] {
        return self->closing_step(stage, until) != ClosingStep::wait || self->close_by != by;
      };
      co_await self->wait_until(something_new, until);
      if (stage == ClosingStage::waiting) until = self->close_by;
      continue;
    }
    if (step == ClosingStep::cancel_jobs) {
      self->cancel_all("the worker is closing");
      stage = ClosingStage::cancelled;
    } else if (step == ClosingStep::give_back_jobs) {
      co_await self->give_back_all();
      stage = ClosingStage::given_back;
    } else {
      co_await self->disconnect();
      stage = ClosingStage::disconnected;
    }
    until = Clock::now() + self->options.cancel_grace;
  }
  self->on(WorkerEvent::wound_up);
  self->wake_all();
}

void Worker::State::cancel_all(const std::string& reason) {
  const auto to_cancel = in_process;
  for (const auto& [token, job] : to_cancel) cancel(*job, reason);
}

// All are given back at once, so that a Redis that does not answer is waited for once.
awaitable<void> Worker::State::give_back_all() {
  const auto left = in_process;
  const auto waiting = std::make_shared<std::size_t>(left.size());
  for (const auto& [token, job] : left) {
    // Detached: counted in `waiting`, and holds the state.
    detail::run_detached(executor,
                         [](std::shared_ptr<State> self, JobPointer current,
                            std::shared_ptr<std::size_t> still_waiting) -> awaitable<void> {
                           // An end that is on its way comes first; if it is carried out, there is nothing to
                           // give back.
                           if (!detail::is_being_told(current->progress))
                             co_await self->give_back(current->job);
                           if (current->on(JobEvent::given_back) == JobAction::lose_thread)
                             self->lose_thread(*current);
                           current->changed.wake();
                           --*still_waiting;
                           self->wake_all();
                         }(shared_from_this(), job, waiting));
  }
  const auto time = std::max(options.cancel_grace, kShortestGiveBack);
  const auto all_back = [this, count = waiting.get()] { return *count == 0 && is_idle(); };
  co_await wait_until(all_back, Clock::now() + time);
}

// What still waits for an answer is told now that none will come.
awaitable<void> Worker::State::disconnect() {
  if (pool) pool->end(Milliseconds(0));
  locks.reset();
  blocking->close();
  co_await backend->connection().drain_and_close();
}

void Worker::State::destroy() {
  if (is_over()) return;
  on(WorkerEvent::destroy);
  locks.reset();
  cancel_all("the worker was destroyed");
  if (pool) pool->end(options.cancel_grace);
  blocking->close();
  backend->connection().close();
  wake_all();
}

}  // namespace bullmq
