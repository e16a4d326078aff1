#pragma once

#include <string>

#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Removes jobs of generations that have ended, so that no worker takes them for nothing. One that has a job
// already finds its generation ended. One thread: the loop's.
class JobRemoval {
 public:
  explicit JobRemoval(QueueContext& context) : context_(context) {}

  // The queue is that of the record, whether this process has its model or not; the envelope stays with the
  // record. False: a worker holds the job. Throws bullmq::Error.
  bullmq::awaitable<bool> remove(std::string queue_key, std::string id);
  // The same, where nobody waits: what fails is noted, and what stays is found by RecordCleanup.
  bullmq::awaitable<void> try_to_remove(std::string queue_key, std::string id);

 private:
  QueueContext& context_;
};

}  // namespace shunt::executor
