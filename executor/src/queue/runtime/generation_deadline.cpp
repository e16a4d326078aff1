#include "queue/runtime/generation_deadline.hpp"

#include "shunt/generation/errors.hpp"

namespace shunt::executor {

Error deadline_exceeded(const GenerationRecord& record) {
  const bool started = record.started_at.has_value();
  const auto timeout =
      record.deadline ? *record.deadline - record.created_at : std::chrono::milliseconds::zero();
  return shunt::generation::deadline_exceeded(timeout, started);
}

}  // namespace shunt::executor
