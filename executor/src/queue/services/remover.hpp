#pragma once

#include <optional>
#include <string>

#include "queue/replicas/replicas.hpp"
#include "queue/services/generation_reader.hpp"
#include "queue/services/job_removal.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Deletes ended generations. One thread: the loop's.
class Remover {
 public:
  Remover(QueueContext& context, Replicas& replicas, GenerationReader& reader, JobRemoval& jobs)
      : context_(context), replicas_(replicas), reader_(reader), jobs_(jobs) {}

  bullmq::awaitable<Result<RemoveOutcome>> remove(GenerationId id);
  // Removes a generation whose record is not as ours are.
  bullmq::awaitable<Result<RemoveOutcome>> remove_broken(GenerationId id, std::optional<std::string> caller);

 private:
  bullmq::awaitable<Result<DeleteAnswer>> delete_ended(std::string id, GenerationRecords::Deletion how);
  bullmq::awaitable<Result<DeleteAnswer>> wait_for_worker(std::string id);

  QueueContext& context_;
  Replicas& replicas_;
  GenerationReader& reader_;
  JobRemoval& jobs_;
};

}  // namespace shunt::executor
