#include "queue/services/found_summary.hpp"

#include <utility>
#include <variant>

#include "bullmq/error.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {

StoredGeneration* take_found(QueueContext& context, Summary& summary) {
  auto& [id, outcome] = summary;
  if (!outcome && outcome.error().code == error_code::kOverloaded)
    throw bullmq::RedisError(outcome.error().message);
  if (!outcome) {
    context.broken.tell("record", id, outcome.error().message);
    return nullptr;
  }
  auto* const stored = std::get_if<StoredGeneration>(&*outcome);
  // A summary has no result.
  if (stored != nullptr && stored->withheld) {
    stored->withheld->sequence = stored->generation->last_sequence() + 1;
    stored->generation->apply(std::move(*stored->withheld));
  }
  return stored;
}

}  // namespace shunt::executor
