#pragma once

#include <boost/asio/thread_pool.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/records/server_facts.hpp"
#include "queue/worker/worker_phase.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_worker.hpp"

namespace shunt::executor {

// What a worker tells of itself, and its log of Redis' going and coming: a line for each, however many
// attempts to connect lie between. Any thread.
class WorkerHealth {
 public:
  void connected();
  void disconnected(std::string reason);
  void running(std::size_t count);
  // Returns the eviction policy that was known before.
  std::string learnt(const ServerFacts& facts);
  [[nodiscard]] WorkerDescription describe() const;

 private:
  mutable std::mutex mutex_;
  bool away_logged_ = false;
  WorkerDescription description_{.connected = false, .reason = "not connected to Redis yet", .running = 0};
};

// What the parts of a queue worker work with. As QueueContext it is made, used and closed on the loop's
// thread, and destroyed when that thread has been joined.
class WorkerContext {
 public:
  WorkerContext(ArtifactStore& artifacts, EventLoopThreads& generator_loops, EventLoop& loop,
                QueueWorkerOptions options);

  // Takes a step of the worker's life. True when that changed the phase.
  bool enter(WorkerEvent event);
  [[nodiscard]] WorkerPhase phase() const noexcept { return phase_; }

  ArtifactStore& artifacts;
  EventLoopThreads& generator_loops;
  EventLoop& loop;
  const QueueWorkerOptions options;
  const Clock& clock;

 private:
  FaultLog own_faults_;
  WorkerPhase phase_ = WorkerPhase::kTaking;

 public:
  FaultLog& faults;
  const GenerationKeys keys;
  const std::string process;
  bullmq::Redis connection;
  bullmq::Redis blocking_connection;
  GenerationRecords records;
  boost::asio::thread_pool files{2};
  WorkerHealth health;
};

}  // namespace shunt::executor
