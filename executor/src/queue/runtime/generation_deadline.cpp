#include "queue/runtime/generation_deadline.hpp"

#include <string>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {

Error deadline_exceeded(const GenerationRecord& record) {
  const bool started = record.started_at.has_value();
  const auto timeout = record.deadline ? (*record.deadline - record.created_at).count() : 0;
  Error error{std::string(error_code::kDeadlineExceeded),
              "the generation did not end within its timeout of " + std::to_string(timeout) + " ms" +
                  (started ? "" : "; it was still waiting for a free slot of its model"),
              true};
  return std::move(error).with("timeout_ms", timeout).with("started", started);
}

}  // namespace shunt::executor
