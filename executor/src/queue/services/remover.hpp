#pragma once

#include <functional>
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

  // The job first: without it nothing can begin the generation anew. While it is there, nothing is deleted.
  bullmq::awaitable<Result<RemoveOutcome>> remove(GenerationId id);
  // Removes a generation whose record is not as ours are; with a caller, only one of that caller's. Where the
  // record does not tell its queue, a job that lies there is found by RecordCleanup: nobody begins it, since
  // its id is gone.
  bullmq::awaitable<Result<RemoveOutcome>> remove_broken(GenerationId id, std::optional<std::string> caller);

 private:
  using Deletion = GenerationRecords::Deletion;
  // One of the two scripts that look at a record, or delete it (delete.lua, discard.lua).
  using Delete = std::function<bullmq::awaitable<Result<DeleteAnswer>>(Deletion how)>;

  bullmq::awaitable<Result<DeleteAnswer>> delete_ended(std::string id, Deletion how);
  bullmq::awaitable<Result<DeleteAnswer>> wait_for_worker(std::string id);
  bullmq::awaitable<Result<RemoveOutcome>> remove_found(std::string id, DeleteAnswer found,
                                                        Delete delete_record);

  QueueContext& context_;
  Replicas& replicas_;
  GenerationReader& reader_;
  JobRemoval& jobs_;
};

}  // namespace shunt::executor
