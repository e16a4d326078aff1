#pragma once

#include <memory>
#include <string>

#include "blocking/gate.hpp"
#include "bullmq/blocking_job.hpp"
#include "bullmq/job.hpp"

namespace bullmq {

// What a blocking handle of a job knows: a copy of the record, and where the job itself is.
struct [[gnu::visibility("hidden")]] blocking::Job::State {
  State(std::shared_ptr<detail::Gate> gate, bullmq::Job of)
      : record(of.record()),
        queue_name(of.queue_name()),
        prefix(of.prefix()),
        token(of.token()),
        outcome(of.outcome()),
        job(std::move(gate), std::make_shared<bullmq::Job>(std::move(of))) {}

  const JobRecord record;
  const std::string queue_name;
  const std::string prefix;
  const std::string token;
  const AddOutcome outcome;
  detail::Kept<bullmq::Job> job;
};

namespace detail {

// On the executor's thread.
[[nodiscard]] inline blocking::Job make_blocking_job(const std::shared_ptr<Gate>& gate, Job job) {
  return blocking::Job(std::make_shared<blocking::Job::State>(gate, std::move(job)));
}

}  // namespace detail
}  // namespace bullmq
