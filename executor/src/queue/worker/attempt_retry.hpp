#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "bullmq/job_options.hpp"
#include "shunt/base/error.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What a job says about being tried again: the one retry policy of its generation.
struct JobAttempts {
  std::int64_t made = 0;     // attempts that have ended before this one; lost workers do not count
  std::int64_t allowed = 1;  // altogether
  std::optional<bullmq::Backoff> backoff{};
};

// How long BullMQ waits before the next attempt, when this one fails with `error` and is to be tried again;
// nothing when the failure is the generation's end: the error is final, no attempt is left, or its time would
// be over before the next one. `time_left`: until the deadline. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> next_attempt_in(const JobAttempts& attempts,
                                                                       const Error& error,
                                                                       std::chrono::milliseconds time_left);

// The line of the generation's log about it.
[[nodiscard]] std::string retry_message(const JobAttempts& attempts, const Error& error,
                                        std::chrono::milliseconds pause);

}  // namespace shunt::executor
