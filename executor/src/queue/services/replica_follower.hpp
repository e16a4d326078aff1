#pragma once

#include <memory>
#include <string>
#include <vector>

#include "queue/registry/sync_registry.hpp"
#include "queue/replicas/replicas.hpp"
#include "queue/replicas/unreported_job.hpp"
#include "queue/runtime/async_condition.hpp"
#include "queue/runtime/notification_stream.hpp"
#include "queue/services/end_reports.hpp"
#include "queue/services/generation_reader.hpp"
#include "queue/services/owner_queries.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Keeps replicas of the generations that somebody watches here: applies what other processes tell (and hands
// on what they tell or ask the registry), reads the log where something was missed, looks for itself at those
// of which nobody reports, and lets go of those that nobody needs. One thread: the loop's.
class ReplicaFollower {
 public:
  ReplicaFollower(QueueContext& context, Replicas& replicas, GenerationReader& reader, EndWriter& ends,
                  OwnerQueries& owner_queries, SyncRegistry& registry);
  void start();
  void stop();

  // Begins to follow a generation of this process, before its job exists: its first event may come as soon as
  // it does.
  std::shared_ptr<Replica> expect(std::shared_ptr<Generation> generation, std::chrono::milliseconds timeout);
  // What became of its submit is known: an end that it had until now is reported from here on.
  void settled(Replica& replica);
  bullmq::awaitable<Result<WatchOutcome>> watch(GenerationId id, WatchOptions options);
  // Brings the replica up to date with the log, which has it all. What fails is noted, and comes again when
  // the replica is looked at next.
  bullmq::awaitable<void> read_log(std::string id);
  // Changes whenever a replica ends.
  [[nodiscard]] AsyncCondition& ended() noexcept { return ended_; }

 private:
  void on_notification(const std::string& id, const std::string& message);
  void on_replica_notification(const std::string& id, Notification notification);
  void apply(const std::string& id, std::vector<GenerationEvent> events);
  bullmq::awaitable<void> apply_large(std::string id, std::vector<GenerationEvent> events);
  void note_ended(const Replica& replica);
  bullmq::awaitable<void> look_at_unreported();
  bullmq::awaitable<void> look_at(std::vector<std::shared_ptr<Replica>> replicas);
  bullmq::awaitable<void> look_at_one(std::shared_ptr<Replica> replica, UnreportedGeneration unreported);
  bullmq::awaitable<void> let_unused_go();

  QueueContext& context_;
  Replicas& replicas_;
  GenerationReader& reader_;
  EndWriter& ends_;
  OwnerQueries& owner_queries_;
  SyncRegistry& registry_;
  EndReports reports_;
  AsyncCondition ended_;
  std::shared_ptr<NotificationStream> notifications_;
  PeriodicDuty looking_;
  PeriodicDuty letting_go_;
};

}  // namespace shunt::executor
