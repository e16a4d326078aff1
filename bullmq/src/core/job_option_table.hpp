#pragma once

#include <tuple>

#include "bullmq/job_options.hpp"

// The options that are one field each. Reading, writing, packing and merging go through this table, so a new
// option of BullMQ is a line here.
namespace bullmq::detail {

template <typename Field>
struct JobOption {
  const char* name;
  // The name that it has in a job's hash.
  const char* stored;
  const char* expected;
  Field JobOptions::* field;
};
template <typename Field>
JobOption(const char*, const char*, const char*, Field JobOptions::*) -> JobOption<Field>;

inline constexpr std::tuple kJobOptions{
    JobOption{"timestamp", "timestamp", "whole milliseconds", &JobOptions::timestamp},
    JobOption{"delay", "delay", "whole milliseconds", &JobOptions::delay},
    JobOption{"priority", "priority", "a whole number", &JobOptions::priority},
    JobOption{"lifo", "lifo", "true or false", &JobOptions::lifo},
    JobOption{"attempts", "attempts", "a whole number", &JobOptions::attempts},
    JobOption{"backoff", "backoff", "whole milliseconds or {type, delay, jitter}", &JobOptions::backoff},
    JobOption{"removeOnComplete", "removeOnComplete", "true, false, a number or {age, count, limit}",
              &JobOptions::remove_on_complete},
    JobOption{"removeOnFail", "removeOnFail", "true, false, a number or {age, count, limit}",
              &JobOptions::remove_on_fail},
    JobOption{"keepLogs", "kl", "a whole number", &JobOptions::keep_logs},
    JobOption{"stackTraceLimit", "stackTraceLimit", "a whole number", &JobOptions::stack_trace_limit},
    JobOption{"sizeLimit", "sizeLimit", "bytes", &JobOptions::size_limit},
    JobOption{"deduplication", "de", "{id, ttl, extend, replace, keepLastIfActive, reschedule}",
              &JobOptions::deduplication},
    JobOption{"parent", "parent", "{id, queue}", &JobOptions::parent},
    JobOption{"failParentOnFailure", "fpof", "true or false", &JobOptions::fail_parent_on_failure},
    JobOption{"continueParentOnFailure", "cpof", "true or false", &JobOptions::continue_parent_on_failure},
    JobOption{"ignoreDependencyOnFailure", "idof", "true or false",
              &JobOptions::ignore_dependency_on_failure},
    JobOption{"removeDependencyOnFailure", "rdof", "true or false",
              &JobOptions::remove_dependency_on_failure},
    JobOption{"jobId", "jobId", "a text", &JobOptions::job_id},
};

template <typename Visit>
void for_each_job_option(const Visit& visit) {
  std::apply([&](const auto&... options) { (visit(options), ...); }, kJobOptions);
}

}  // namespace bullmq::detail
