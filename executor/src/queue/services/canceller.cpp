#include "queue/services/canceller.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

// Workers that begin and give back at the very moment, one after the other, may come between the look and the
// end; so often they do not.
constexpr int kTries = 20;

bool has_ended(const std::shared_ptr<Replica>& replica) {
  return is_terminal(replica->generation->state());
}

}  // namespace

// Asks once.
awaitable<Result<Canceller::Asked>> Canceller::ask_to_stop(std::string id, std::string reason) {
  const auto answer = co_await context_.records.cancel(id, reason);
  if (!answer) co_return context_.report_broken(id, answer.error());
  if (std::holds_alternative<CancelRunning>(*answer)) {
    if (const auto replica = replicas_.find(id)) {
      replicas_.stop_requested(replica, context_.clock.steady_now());
      replica->generation->mark_cancel_requested();
    }
  }
  if (std::holds_alternative<CancelUnknown>(*answer)) co_return Asked::kUnknown;
  const auto* const waiting = std::get_if<CancelWaiting>(&*answer);
  if (waiting == nullptr) co_return Asked::kTold;
  // Nobody of ours runs it: it ends here, unless a worker begins at this moment, who is told then.
  std::vector<GenerationEvent> end;
  end.push_back({waiting->sequence + 1, context_.clock.now(), event::Cancelled{std::move(reason)}});
  const bool ended = co_await ends_.append(std::move(id), waiting->attempt, std::move(end));
  co_return ended ? Asked::kEndedHere : Asked::kTooLate;
}

awaitable<Result<Canceller::Asked>> Canceller::ask_until_told(std::string id, std::string reason) {
  Result<Asked> asked = Asked::kTooLate;
  try {
    for (int tries = 0; asked && *asked == Asked::kTooLate && tries < kTries; ++tries)
      asked = co_await ask_to_stop(id, reason);
  } catch (const std::exception& error) {
    note_caught(context_.faults, "cancel");
    asked = Error{error_code::kQueueUnavailable, "the generation cannot be cancelled now", Retryable::kYes}
                .with_internal(words_of(error));
  }
  co_return asked;
}

awaitable<Result<CancelOutcome>> Canceller::cancel(GenerationId id, std::string reason) {
  const std::string name = id.to_string();
  auto asked = co_await ask_until_told(name, reason);
  if (!asked) co_return std::move(asked).error();
  auto found = co_await reader_.find_after_owner(id);
  const auto is_there = [&found] {
    const auto* const record = found ? std::get_if<GenerationRecord>(&*found) : nullptr;
    return record != nullptr && !is_terminal(record->state);
  };
  // It has been entered into Redis since (second_looks.hpp).
  if (*asked == Asked::kUnknown && is_there()) {
    asked = co_await ask_until_told(name, reason);
    if (!asked) co_return std::move(asked).error();
    found = co_await reader_.find_after_owner(id);
  }
  const auto* record = found ? std::get_if<GenerationRecord>(&*found) : nullptr;
  // A worker that was told ends its job itself, for good and with the reason (job_outcome.hpp).
  if (record != nullptr && *asked == Asked::kEndedHere)
    context_.launch(jobs_.try_to_remove(context_.keys.queue(record->model), name));
  co_return found;
}

awaitable<void> Canceller::wait_for_ends(std::vector<std::shared_ptr<Replica>>& open, SteadyTime until) {
  // Those at the end of the list first: each is looked at once more after it has ended, and no more.
  std::function<bool()> none_left = [&open] {
    while (!open.empty() && has_ended(open.back())) open.pop_back();
    return open.empty();
  };
  (void)co_await follower_.ended().wait_until(until, std::move(none_left));
  std::erase_if(open, has_ended);
}

awaitable<DrainReport> Canceller::drain(std::chrono::milliseconds grace) {
  DrainReport report;
  auto open = replicas_.open();
  const std::size_t all = open.size();
  co_await wait_for_ends(open, context_.clock.steady_now() + grace);
  report.finished = all - open.size();
  if (context_.options.at_drain != QueueExecutorOptions::AtDrain::kCancel) co_return report;
  report.cancelled = open.size();
  auto longest = std::chrono::milliseconds(0);
  const auto left = open;
  for (const auto& replica : left) {
    if (has_ended(replica)) continue;
    longest = std::max(longest, context_.grace_of(replica->model));
    (void)co_await cancel(replica->generation->id(), "the service is shutting down");
  }
  // Whoever does not stop in its time is ended without its word; without Redis nobody can be.
  const SteadyTime last = context_.clock.steady_now() + longest + 2 * context_.options.queue.command_timeout;
  co_await wait_for_ends(open, last);
  co_return report;
}

}  // namespace shunt::executor
