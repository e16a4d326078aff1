#pragma once

#include <string>

#include "queue/replicas/replicas.hpp"
#include "queue/services/job_removal.hpp"
#include "queue/services/queue_context.hpp"

namespace shunt::executor {

// Deletes ended generations. One thread: the loop's.
class Remover {
 public:
  Remover(QueueContext& context, Replicas& replicas, JobRemoval& jobs)
      : context_(context), replicas_(replicas), jobs_(jobs) {}

  bullmq::awaitable<Result<RemoveOutcome>> remove(GenerationId id);

 private:
  bullmq::awaitable<Result<DeleteAnswer>> delete_ended(std::string id, GenerationRecords::Deletion how);
  bullmq::awaitable<Result<DeleteAnswer>> wait_for_worker(std::string id);

  QueueContext& context_;
  Replicas& replicas_;
  JobRemoval& jobs_;
};

}  // namespace shunt::executor
