#include "queue/services/end_writer.hpp"

#include <utility>

#include "queue/runtime/generation_deadline.hpp"

namespace shunt::executor {

bool is_open(const StoredGeneration& stored) {
  return !is_terminal(stored.generation->state()) && !stored.withheld;
}

bullmq::awaitable<bool> EndWriter::append(std::string id, std::optional<std::uint64_t> attempt,
                                          std::vector<GenerationEvent> events) {
  LogBatch batch = make_batch(std::move(id), attempt, events);
  const AppendAnswer answer = co_await context_.records.append(std::move(batch));
  co_return std::holds_alternative<Appended>(answer);
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
  const bool missing = !stored.job.exists && stored.worker.empty() &&
                       now - record.created_at >= missing_after(context_.options.queue);
  if (missing || stored.job.finished_on) {
    const bool ended = co_await report(id, std::move(unreported));
    co_return ended;
  }
  const bool runs = !stored.worker.empty() || (stored.attempt == 0 && stored.job.processed_on);
  const auto grace = runs ? context_.grace_of(record.model) : std::chrono::milliseconds(0);
  if (!record.deadline || now < *record.deadline + grace) co_return false;
  std::vector<GenerationEvent> end;
  end.push_back({stored.sequence + 1, now, event::Failed{deadline_exceeded(record)}});
  const bool ended = co_await append(id, stored.attempt, std::move(end));
  if (ended) co_await jobs_.try_to_remove(stored.queue, id);
  co_return ended;
}

}  // namespace shunt::executor
