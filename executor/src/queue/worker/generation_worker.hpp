#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
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

// The queue worker's life: a BullMQ worker for each model that it takes from, and what they share. On the
// loop's thread; see WorkerContext for how long it lives.
class GenerationWorker {
 public:
  GenerationWorker(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& generator_loops,
                   EventLoop& loop, QueueWorkerOptions options);
  void start();
  // Takes from the queues of the models that the registry has now. What runs of another one goes on, by the
  // settings that it began with.
  void follow_models();
  // As QueueWorker::choose.
  void choose(std::vector<std::string> models, std::optional<std::size_t> concurrency);
  // Takes nothing more, waits up to `grace` for what runs, gives the rest back.
  bullmq::awaitable<WorkerReport> stop(std::chrono::milliseconds grace);
  // Ends all connections and lets go of what runs.
  void close();
  // After the loop's thread has been joined: waits for the call of the artifact store that is under way.
  void wait_for_files() { context_.files.join(); }
  [[nodiscard]] WorkerDescription describe() const { return context_.health.describe(); }  // any thread

 private:
  // One queue that is taken from.
  struct Consumer {
    std::shared_ptr<const Model> configured;  // as the registry has it
    // By which jobs run from now on; shared with the processor.
    std::shared_ptr<std::shared_ptr<WorkerModel>> run_by;
    bullmq::Worker worker;
    std::vector<bullmq::Subscription> subscriptions;
  };
  void follow_connection();
  [[nodiscard]] std::map<std::string, std::shared_ptr<const Model>> wanted_models() const;
  [[nodiscard]] Model own_copy(const Model& configured) const;
  [[nodiscard]] std::shared_ptr<Consumer> take_from(const std::shared_ptr<const Model>& configured);
  // Whether the consumer could go on with this model's settings; it does then.
  [[nodiscard]] bool goes_on(Consumer& consumer, const std::shared_ptr<const Model>& configured);
  // It takes nothing more, and goes when what it runs has ended.
  void retire(std::shared_ptr<Consumer> consumer);
  [[nodiscard]] std::vector<WorkerLease::Model> leased_models() const;
  [[nodiscard]] bullmq::WorkerOptions worker_options(const Model& model) const;
  bullmq::awaitable<void> learn_server();
  // Runs `closing`, and counts it as done then.
  void close_part(bullmq::awaitable<void> closing, const char* place, std::function<void()> then = {});

  const ModelRegistry& models_;
  std::vector<std::string> chosen_;  // empty: all
  std::optional<std::size_t> concurrency_;
  WorkerContext context_;
  LeaseKeeper lease_;
  JobProcessor jobs_;
  std::shared_ptr<NotificationStream> notifications_;
  std::map<std::string, std::shared_ptr<Consumer>> consumers_;  // by model
  std::list<std::shared_ptr<Consumer>> retired_;
  std::vector<bullmq::Subscription> subscriptions_;
  std::size_t closing_ = 0;  // parts that have not closed yet
  AsyncCondition part_closed_;
  PeriodicDuty learning_;
};

}  // namespace shunt::executor
