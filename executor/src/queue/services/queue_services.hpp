#pragma once

#include "queue/registry/sync_registry.hpp"
#include "queue/replicas/replicas.hpp"
#include "queue/services/artifact_cleanup.hpp"
#include "queue/services/canceller.hpp"
#include "queue/services/deadlines.hpp"
#include "queue/services/end_writer.hpp"
#include "queue/services/fleet_status.hpp"
#include "queue/services/generation_lister.hpp"
#include "queue/services/generation_reader.hpp"
#include "queue/services/health_probe.hpp"
#include "queue/services/job_removal.hpp"
#include "queue/services/open_generations.hpp"
#include "queue/services/owner_leases.hpp"
#include "queue/services/owner_queries.hpp"
#include "queue/services/queue_context.hpp"
#include "queue/services/queue_status.hpp"
#include "queue/services/record_cleanup.hpp"
#include "queue/services/remover.hpp"
#include "queue/services/replica_follower.hpp"
#include "queue/services/submitter.hpp"
#include "queue/services/unseen_ends.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// The services of a queue executor, each with one duty, wired to one another: a service knows those above it
// in this list and no other. See QueueContext for how long they live.
struct QueueServices {
  QueueServices(const ModelRegistry& models, ArtifactStore& artifacts, QueueExecutorOptions options,
                EventLoop& loop);
  void start();
  // Ends every duty and all connections.
  void stop();

  QueueContext context;
  QueueStatus status{context.clock};
  Replicas replicas;
  JobRemoval job_removal{context};
  EndWriter end_writer{context, job_removal};
  OwnerLeases owner_leases{context, end_writer};
  OwnerQueries owner_queries{context};
  GenerationReader reader{context, replicas, end_writer, owner_queries, owner_leases};
  SyncRegistry sync_registry{context, end_writer, owner_leases};
  ReplicaFollower follower{context, replicas, reader, end_writer, owner_queries, sync_registry};
  Deadlines deadlines{context, replicas, follower, end_writer, job_removal};
  HealthProbe health_probe{context, status};
  FleetStatus fleet{context, health_probe};
  Submitter submitter{context, status, health_probe, replicas, follower, end_writer};
  GenerationLister lister{context};
  Canceller canceller{context, replicas, reader, end_writer, job_removal, follower};
  Remover remover{context, replicas, reader, job_removal};
  UnseenEnds unseen_ends{context};
  OpenGenerations open_generations{context, reader, end_writer};
  RecordCleanup record_cleanup{context, job_removal};
  ArtifactCleanup artifact_cleanup{context};

 private:
  bool stopped_ = false;
};

}  // namespace shunt::executor
