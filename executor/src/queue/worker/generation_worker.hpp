#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bullmq/worker.hpp"
#include "queue/runtime/async_condition.hpp"
#include "queue/runtime/notification_stream.hpp"
#include "queue/worker/job_processor.hpp"
#include "queue/worker/lease_keeper.hpp"
#include "queue/worker/worker_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// The queue worker's life: a BullMQ worker for each model, and what they share. On the loop's thread; see
// WorkerContext for how long it lives.
class GenerationWorker {
 public:
  GenerationWorker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& generator_loops,
                   EventLoop& loop, QueueWorkerOptions options);
  void start();
  // Takes nothing more, waits up to `grace` for what runs, gives the rest back.
  bullmq::awaitable<WorkerReport> stop(std::chrono::milliseconds grace);
  // Ends all connections and lets go of what runs.
  void close();
  // After the loop's thread has been joined: waits for the call of the artifact store that is under way.
  void wait_for_files() { context_.files.join(); }
  [[nodiscard]] WorkerDescription describe() const { return context_.health.describe(); }  // any thread

 private:
  void follow_connection();
  void take_from(const std::string& model);
  [[nodiscard]] bullmq::WorkerOptions worker_options(const Model& model) const;
  bullmq::awaitable<void> learn_server();
  // Runs `closing`, and counts it as done then.
  void close_part(bullmq::awaitable<void> closing, const char* place);

  WorkerContext context_;
  LeaseKeeper lease_;
  JobProcessor jobs_;
  std::shared_ptr<NotificationStream> notifications_;
  std::vector<bullmq::Worker> workers_;
  std::vector<bullmq::Subscription> subscriptions_;
  std::size_t closing_ = 0;  // parts that have not closed yet
  AsyncCondition part_closed_;
  PeriodicDuty learning_;
};

}  // namespace shunt::executor
