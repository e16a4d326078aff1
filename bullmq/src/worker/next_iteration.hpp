#pragma once

#include <string>
#include <variant>

#include "bullmq/job_record.hpp"

namespace bullmq::detail {

// The scheduler has come to its end, or the job is of none.
struct NoIteration {};
// With these options, after scheduler `scheduler`'s interval; the script computes the instant.
struct NextIteration {
  std::string scheduler;
  JobOptions options;
};
// The schedule cannot be continued here.
struct UnknownSchedule {
  std::string reason;
};
using Iteration = std::variant<NoIteration, NextIteration, UnknownSchedule>;

// What follows this iteration of a job scheduler. Whoever takes an iteration has to add the next one, as
// upstream's workers do before they process it; otherwise the schedule ends.
[[nodiscard]] Iteration next_iteration(const JobRecord& job, Timestamp now);

// "name:id:endDate:tz:<pattern or interval>": how repeatable jobs were named before version 6. Schedulers may
// be named so too.
[[nodiscard]] bool has_legacy_repeatable_shape(std::string_view key);

}  // namespace bullmq::detail
