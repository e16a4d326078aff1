#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/services/queue_launch.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// Workers that begin and give back at the very moment, one after the other, may come between the look and the
// end; so often they do not.
constexpr int kTries = 20;

}  // namespace

// Asks once.
awaitable<Result<QueueCore::Asked>> QueueCore::ask_to_stop(std::string id, std::string reason) {
  const auto answer = co_await records_.cancel(id, reason);
  if (!answer) {
    broken_.tell("record", id, answer.error().message);
    co_return answer.error();
  }
  if (std::holds_alternative<CancelRunning>(*answer)) {
    if (const auto replica = replicas_.find(id)) {
      replicas_.cancelling(replica, clock.steady_now());
      duties_.due_by(kOverdue, clock.steady_now());
      replica->generation->mark_cancel_requested();
    }
  }
  const auto* const waiting = std::get_if<CancelWaiting>(&*answer);
  if (waiting == nullptr) co_return Asked::kTold;
  // Nobody of ours runs it: it ends here, unless a worker begins at this moment, who is told then.
  std::vector<GenerationEvent> end;
  end.push_back({waiting->sequence + 1, clock.now(), event::Cancelled{std::move(reason)}});
  const bool ended = co_await conclude(std::move(id), waiting->attempt, std::move(end));
  co_return ended ? Asked::kEndedHere : Asked::kTooLate;
}

awaitable<Result<CancelOutcome>> QueueCore::cancel(GenerationId id, std::string reason) {
  const std::string name = id.to_string();
  std::optional<Error> failure;
  Result<Asked> asked = Asked::kTooLate;
  try {
    for (int tries = 0; asked && *asked == Asked::kTooLate && tries < kTries; ++tries)
      asked = co_await ask_to_stop(name, reason);
    if (!asked) failure = asked.error();
  } catch (const std::exception& error) {
    note_caught(faults, "cancel");
    failure = Error{std::string(error_code::kQueueUnavailable),
                    std::string("the generation cannot be cancelled now: ") + error.what(), true};
  }
  if (failure) co_return std::move(*failure);
  auto found = co_await find(id);
  const auto* record = found ? std::get_if<GenerationRecord>(&*found) : nullptr;
  // A worker that was told ends its job itself, for good and with the reason (job_outcome.hpp).
  if (record != nullptr && *asked == Asked::kEndedHere) {
    launch(
        [](std::shared_ptr<QueueCore> self, std::string queue, std::string job) -> awaitable<void> {
          co_await self->try_to_remove_job(std::move(queue), std::move(job));
        },
        keys.queue(record->model), name);
  }
  co_return found;
}

// So that no worker takes it for nothing. One that has it already finds it ended. The queue is that of the
// record, whether this process has its model or not. False: a worker holds the job. Throws bullmq::Error.
awaitable<bool> QueueCore::remove_job(std::string queue_key, std::string id) {
  if (!queue_keys_.owns(queue_key)) co_return true;
  co_await records_.keep_request(id);
  bullmq::Queue queue = queue_keys_.queue(queue_key);
  const int removed = co_await queue.remove(std::move(id));
  co_return removed == 1;
}

// Nobody waits for it: what stays is found by the housekeeping (queue_retention.cpp).
awaitable<void> QueueCore::try_to_remove_job(std::string queue_key, std::string id) {
  try {
    (void)co_await remove_job(std::move(queue_key), id);
  } catch (...) {
    note_caught(faults, "remove_job");
  }
}

awaitable<DrainReport> QueueCore::drain(std::chrono::milliseconds grace) {
  DrainReport report;
  const bool cancels = options.at_drain == QueueExecutorOptions::AtDrain::kCancel;
  const auto opened = replicas_.open();
  boost::asio::steady_timer pause(loop.context());
  const auto left = [&] {
    std::size_t count = 0;
    for (const auto& replica : opened) count += is_terminal(replica->generation->state()) ? 0 : 1;
    return count;
  };
  const SteadyTime until = clock.steady_now() + grace;
  while (left() > 0 && clock.steady_now() < until) {
    pause.expires_after(std::chrono::milliseconds(10));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  report.finished = opened.size() - left();
  if (!cancels) co_return report;
  report.cancelled = left();
  auto longest = std::chrono::milliseconds(0);
  for (const auto& replica : opened) {
    if (is_terminal(replica->generation->state())) continue;
    longest = std::max(longest, grace_of(replica->model));
    (void)co_await cancel(replica->generation->id(), "the service is shutting down");
  }
  // Whoever does not stop in its time is ended without its word; without Redis nobody can be.
  const SteadyTime last = clock.steady_now() + longest + 2 * options.queue.command_timeout;
  while (left() > 0 && clock.steady_now() < last) {
    pause.expires_after(std::chrono::milliseconds(10));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return report;
}

}  // namespace shunt::executor
