#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/job_record.hpp"
#include "bullmq/worker.hpp"

namespace bullmq::detail {

// What becomes of a job whose processor threw.
struct FailureDecision {
  enum class Kind {
    moved,         // the processor has moved it itself
    rate_limited,  // back to wait, no attempt used
    retry,         // at once, or after delay_ms
    fail,
  };
  Kind kind = Kind::fail;
  std::int64_t delay_ms = 0;
};

// `backoff_ms`: of the job's backoff for this attempt; -1 fails it.
[[nodiscard]] FailureDecision decide_failure(const JobRecord& job, const JobFailure& failure,
                                             std::optional<std::int64_t> max_started_attempts,
                                             std::int64_t backoff_ms);

// The stack traces with this one, cut to the job's limit.
[[nodiscard]] std::vector<std::string> with_stack(std::vector<std::string> traces, const std::string& stack,
                                                  std::optional<std::int64_t> limit);

// The exception that is being handled, as it is stored.
[[nodiscard]] JobFailure describe_current_exception();

}  // namespace bullmq::detail
