#pragma once

#include <memory>
#include <optional>
#include <string>

#include "queue/replicas/replicas.hpp"
#include "queue/services/end_writer.hpp"
#include "queue/services/owner_leases.hpp"
#include "queue/services/owner_queries.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Reads generations, and what of them lies in the artifact store. One thread: the loop's.
class GenerationReader {
 public:
  GenerationReader(QueueContext& context, const Replicas& replicas, EndWriter& ends, OwnerQueries& owners,
                   const OwnerLeases& leases)
      : context_(context), replicas_(replicas), ends_(ends), owners_(owners), leases_(leases) {}

  using Bytes = Result<std::shared_ptr<const std::string>>;
  using Follow = GenerationRecords::Follow;

  // GenerationExecutor has these five; they do not throw for what Redis says.
  bullmq::awaitable<Result<FindOutcome>> find(GenerationId id);
  // The same, once the owner of a sync generation has seen what it was told before this.
  bullmq::awaitable<Result<FindOutcome>> find_after_owner(GenerationId id);
  bullmq::awaitable<Result<RequestOutcome>> request_of(GenerationId id);
  bullmq::awaitable<Bytes> load(Artifact artifact);
  bullmq::awaitable<Bytes> read_part(Artifact artifact, std::size_t offset, std::size_t length);
  bullmq::awaitable<Result<bool>> was_of(GenerationId id, std::string caller);

  // The record as it stands, its result included. Throws bullmq::Error.
  bullmq::awaitable<Result<ReadOutcome>> read(std::string id, Follow follow);
  // The same, once a generation that has ended without anybody's having said so has its end, and one whose
  // log is with its owner has it here.
  bullmq::awaitable<Result<ReadOutcome>> read_current(std::string id, Follow follow);
  // Puts the result into the end of a log that only refers to it, which lives until it returns. Returns what
  // is wrong, if it cannot be had. Its text, and what decoding it takes, count for the open generations until
  // it is its generation's.
  bullmq::awaitable<std::optional<Error>> load_result(GenerationEvent& ending);

 private:
  bullmq::awaitable<Result<ReadOutcome>> read_of_owner(StoredGeneration stored, std::string id,
                                                       Follow follow);
  bullmq::awaitable<Result<ReadOutcome>> read_of_gone_owner(StoredGeneration stored, std::string id);
  bullmq::awaitable<bool> ask_for_request(std::string id);
  bullmq::awaitable<void> wait_for_owner(std::string id);
  bullmq::awaitable<Bytes> read_stored(std::string digest, std::size_t size);

  QueueContext& context_;
  const Replicas& replicas_;
  EndWriter& ends_;
  OwnerQueries& owners_;
  const OwnerLeases& leases_;
};

}  // namespace shunt::executor
