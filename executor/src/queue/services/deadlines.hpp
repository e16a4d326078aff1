#pragma once

#include <memory>

#include "queue/replicas/replicas.hpp"
#include "queue/services/end_writer.hpp"
#include "queue/services/queue_context.hpp"
#include "queue/services/replica_follower.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Ends generations that are watched here and whose time is over, or which do not stop after a cancel. While
// a worker runs one, its deadline is the worker's business; one that waits, or whose worker is lost and not
// found by another one, ends here. One thread: the loop's.
class Deadlines {
 public:
  Deadlines(QueueContext& context, Replicas& replicas, ReplicaFollower& follower, EndWriter& ends,
            JobRemoval& jobs)
      : context_(context), replicas_(replicas), follower_(follower), ends_(ends), jobs_(jobs) {}
  void start();
  void stop();

 private:
  bullmq::awaitable<void> end_late_ones();
  bullmq::awaitable<void> end_if_late(std::shared_ptr<Replica> replica);
  bullmq::awaitable<void> end_waiting_for_retry(std::shared_ptr<Replica> replica);

  QueueContext& context_;
  Replicas& replicas_;
  ReplicaFollower& follower_;
  EndWriter& ends_;
  JobRemoval& jobs_;
  PeriodicDuty ending_;
};

}  // namespace shunt::executor
