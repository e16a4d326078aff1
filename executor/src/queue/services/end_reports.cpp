#include "queue/services/end_reports.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {

void EndReports::report(const Generation& ended, Seen seen) {
  if (context_.options.observer == nullptr) return;
  const GenerationRecord record = ended.record(Generation::Detail::kSummary);
  const std::string id = record.id.to_string();
  const std::string code = ended.error_code();
  const auto until = record.finished_at.value_or(context_.clock.now());
  const auto begun = record.started_at.value_or(until);
  // Two machines' clocks: what a worker's is ahead is no time that anybody has waited.
  std::optional<std::chrono::nanoseconds> hand_back;
  if (seen == Seen::kWatched)
    hand_back = std::max(context_.clock.now() - until, std::chrono::milliseconds(0));
  context_.options.observer->ended({.id = id,
                                    .model = record.model,
                                    .path = "queue",
                                    .state = record.state,
                                    .error_code = code,
                                    .waited = std::chrono::nanoseconds(begun - record.created_at),
                                    .ran = std::chrono::nanoseconds(until - begun),
                                    .admission = record.admission,
                                    .hand_back = hand_back});
  if (record.error) context_.launch(report_failure(id, record.model, *record.error));
}

// Only the record knows which worker had it.
bullmq::awaitable<void> EndReports::report_failure(std::string id, std::string model, Error error) {
  GenerationRecords::LastAttempt last;
  try {
    last = co_await context_.records.last_attempt(id);
  } catch (...) {
    note_caught(context_.faults, "failed_worker");
  }
  context_.options.observer->failed({.id = id,
                                     .model = model,
                                     .path = "queue",
                                     .error = error,
                                     .attempt = static_cast<std::size_t>(last.attempt),
                                     .worker = last.worker});
}

}  // namespace shunt::executor
