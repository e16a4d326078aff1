#pragma once

#include <string>
#include <vector>

#include "queue/replicas/replicas.hpp"
#include "queue/services/end_writer.hpp"
#include "queue/services/generation_reader.hpp"
#include "queue/services/job_removal.hpp"
#include "queue/services/queue_context.hpp"
#include "queue/services/replica_follower.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Cancels generations: one for its caller, or all that are followed here when the process ends. One thread:
// the loop's.
class Canceller {
 public:
  Canceller(QueueContext& context, Replicas& replicas, GenerationReader& reader, EndWriter& ends,
            JobRemoval& jobs, ReplicaFollower& follower)
      : context_(context),
        replicas_(replicas),
        reader_(reader),
        ends_(ends),
        jobs_(jobs),
        follower_(follower) {}

  bullmq::awaitable<Result<CancelOutcome>> cancel(GenerationId id, std::string reason);
  bullmq::awaitable<DrainReport> drain(std::chrono::milliseconds grace);

 private:
  enum class Asked {
    kTold,  // whoever runs it; or it had ended
    kUnknown,
    kEndedHere,  // nobody of ours ran it
    kTooLate,    // a worker has begun in between
  };
  bullmq::awaitable<Result<Asked>> ask_to_stop(std::string id, std::string reason);
  // ask_to_stop() until it is not too late, some times at most. Never throws.
  bullmq::awaitable<Result<Asked>> ask_until_told(std::string id, std::string reason);
  // Waits until all of them have ended; those that have not are left in the list.
  bullmq::awaitable<void> wait_for_ends(std::vector<std::shared_ptr<Replica>>& open, SteadyTime until);

  QueueContext& context_;
  Replicas& replicas_;
  GenerationReader& reader_;
  EndWriter& ends_;
  JobRemoval& jobs_;
  ReplicaFollower& follower_;
};

}  // namespace shunt::executor
