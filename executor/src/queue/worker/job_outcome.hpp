#pragma once

#include <cstddef>
#include <string>
#include <variant>

#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/generation_record.hpp"

namespace shunt::executor {

// What BullMQ, and every tool and client that only knows BullMQ, is told of a generation that has ended
// (docs/contract/ends.md): its job completes with a return value, or fails for good with a reason that begins
// with a code.
struct JobReturns {
  std::string value;  // JSON
};
struct JobFails {
  std::string reason;
};
using JobOutcome = std::variant<JobReturns, JobFails>;

// The outcome that a record tells. What is longer than `max_inline_bytes` is left out of it, and its size
// told instead: the log and the artifact store hold everything. Pure.
[[nodiscard]] JobOutcome job_outcome(const GenerationRecord& record, std::size_t max_inline_bytes);
// The outcome that the log's last event tells, where the record is a worker's own attempt: the log may have
// ended otherwise.
[[nodiscard]] JobOutcome job_outcome(const GenerationEvent::Payload& ending, const GenerationRecord& record,
                                     std::size_t max_inline_bytes);

// "code: message", in bounds.
[[nodiscard]] std::string failed_reason(std::string_view code, std::string_view message);

}  // namespace shunt::executor
