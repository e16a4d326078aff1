#include "queue/services/end_writer.hpp"

#include <utility>

#include "queue/runtime/generation_deadline.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {

Error interrupted() {
  return {error_code::kInterrupted,
          "the process that ran the generation is gone: whoever needs the result submits it again",
          Retryable::kYes};
}

bool is_open(const StoredGeneration& stored) {
  return !is_terminal(stored.generation->state()) && !stored.withheld;
}

bullmq::awaitable<bool> EndWriter::append(std::string id, std::optional<std::uint64_t> attempt,
                                          std::vector<GenerationEvent> events) {
  LogBatch batch = make_batch(std::move(id), attempt, events);
  const AppendAnswer answer = co_await context_.records.append(std::move(batch));
  co_return std::holds_alternative<Appended>(answer);
}

bullmq::awaitable<bool> EndWriter::interrupt(const StoredGeneration& stored) {
  std::vector<GenerationEvent> end;
  end.push_back({stored.sequence + 1, context_.clock.now(), event::Failed{interrupted()}});
  LogBatch batch = make_batch(stored.generation->id().to_string(), std::nullopt, end);
  batch.by_owner = true;
  const AppendAnswer answer = co_await context_.records.append(std::move(batch));
  if (!std::holds_alternative<Appended>(answer)) co_return false;
  log::warn("registry.interrupted", {{"id", stored.generation->id().to_string()}, {"owner", stored.owner}});
  if (context_.options.observer != nullptr)
    context_.options.observer->registry(ExecutorObserver::Registry::kInterrupted);
  co_return true;
}

bullmq::awaitable<bool> EndWriter::report(std::string id, UnreportedGeneration unreported) {
  const auto events = events_of_unreported_job(unreported, context_.clock.now());
  if (events.empty()) co_return false;
  LogBatch batch = make_batch(std::move(id), unreported.attempt, events);
  if (never_queued(unreported)) batch.then = LogBatch::Then::kNeverQueued;
  const AppendAnswer answer = co_await context_.records.append(std::move(batch));
  co_return std::holds_alternative<Appended>(answer);
}

bullmq::awaitable<bool> EndWriter::end_if_over(const StoredGeneration& stored) {
  if (!is_open(stored)) co_return false;
  const auto record = stored.generation->record(Generation::Detail::kSummary);
  const std::string id = record.id.to_string();
  const WallTime now = context_.clock.now();
  UnreportedGeneration unreported;
  unreported.state = record.state;
  unreported.sequence = stored.sequence;
  unreported.attempt = stored.attempt;
  unreported.job = stored.job;
  // Whoever runs it may still write its end.
  const bool owned = !stored.owner.empty();
  const bool missing = !owned && !stored.job.exists && stored.worker.empty() &&
                       now - record.created_at >= missing_after(context_.options.queue);
  if (missing || stored.job.finished_on) {
    auto told = stored.generation->record();
    unreported.told = {std::move(told.text), std::move(told.parts)};
    const bool ended = co_await report(id, std::move(unreported));
    co_return ended;
  }
  const bool runs = owned || !stored.worker.empty() || (stored.attempt == 0 && stored.job.processed_on);
  const auto grace = runs ? context_.grace_of(record.model) : std::chrono::milliseconds(0);
  if (!record.deadline || now < *record.deadline + grace) co_return false;
  std::vector<GenerationEvent> end;
  end.push_back({stored.sequence + 1, now, event::Failed{deadline_exceeded(record)}});
  const auto attempt = owned ? std::nullopt : std::optional<std::uint64_t>(stored.attempt);
  const bool ended = co_await append(id, attempt, std::move(end));
  if (ended && !owned) co_await jobs_.try_to_remove(stored.queue, id);
  co_return ended;
}

}  // namespace shunt::executor
