#include "queue/records/log_batch.hpp"

#include <utility>

#include "shunt/generation/event_codec.hpp"

namespace shunt::executor {

LogBatch make_batch(std::string id, std::optional<std::uint64_t> attempt,
                    const std::vector<GenerationEvent>& events) {
  LogBatch batch;
  batch.id = std::move(id);
  batch.attempt = attempt;
  batch.first = events.front().sequence;
  batch.count = events.size();
  batch.events = encode_events(events);
  if (events.back().terminal()) {
    batch.then = LogBatch::Then::kEnd;
    batch.state = events.back().type();
  }
  return batch;
}

std::string attempt_of(const LogBatch& batch) {
  if (batch.by_owner) return "01";
  return batch.attempt ? std::to_string(*batch.attempt) : std::string();
}

std::string end_of(const LogBatch& batch) {
  switch (batch.then) {
    case LogBatch::Then::kMore:
      return {};
    case LogBatch::Then::kEnd:
      return batch.state;
    case LogBatch::Then::kRetry:
      return "retry";
    case LogBatch::Then::kNeverQueued:
      return "void";
  }
  return {};
}

}  // namespace shunt::executor
