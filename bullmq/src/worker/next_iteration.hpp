#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "bullmq/job_record.hpp"

namespace bullmq::detail {

// The scheduler has come to its end, or the job is of none.
struct NoIteration {};
// The job comes with these options after the interval of `scheduler`; the script computes the instant.
struct NextIteration {
  std::string scheduler;
  JobOptions options;
};
// The schedule cannot be continued by anybody.
struct UnknownSchedule {
  std::string reason;
};
// The schedule has a pattern (cron), which this client does not read. Whoever takes its current iteration and
// does not add the next one ends it, so the iteration is left to a worker that can.
struct PatternIteration {
  std::string scheduler;
  // When it was to run.
  Timestamp due = 0;
};
using Iteration = std::variant<NoIteration, NextIteration, UnknownSchedule, PatternIteration>;

// For how long such an iteration is put back: as long again as it is late already, between 1 s and 30 s. So
// the delay grows whoever takes it next, and nothing has to be remembered.
[[nodiscard]] Milliseconds put_back_delay(Timestamp due, Timestamp now) noexcept;

// What follows this iteration of a job scheduler. Whoever takes an iteration has to add the next one, as
// upstream's workers do before they process it; otherwise the schedule ends.
[[nodiscard]] Iteration next_iteration(const JobRecord& job, Timestamp now);

// "name:id:endDate:tz:<pattern or interval>": how repeatable jobs were named before version 6. Schedulers may
// be named so too.
[[nodiscard]] bool has_legacy_repeatable_shape(std::string_view key);

}  // namespace bullmq::detail
