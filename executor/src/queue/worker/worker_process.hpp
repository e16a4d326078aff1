#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "bullmq/redis.hpp"
#include "bullmq/worker.hpp"
#include "queue/records/generation_keys.hpp"
#include "queue/runtime/notification_stream.hpp"
#include "queue/worker/job_outcome.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/runtime/periodic_duty.hpp"
#include "queue/worker/queued_run.hpp"
#include "queue/records/worker_lease.hpp"
#include "shunt/executor/queue_worker.hpp"

namespace shunt::executor {

using bullmq::awaitable;

// The queue worker's inside. Everything is done on `loop`'s thread except what says otherwise.
//   worker_core.cpp   its life: connections, lease, stop
//   worker_job.cpp    what becomes of a job
class WorkerCore final : public std::enable_shared_from_this<WorkerCore> {
 public:
  WorkerCore(const ModelRegistry& models, ArtifactStore& artifacts, EventLoopThreads& generator_loops,
             EventLoop& loop, QueueWorkerOptions options);
  void start();
  awaitable<WorkerReport> stop(std::chrono::milliseconds grace);
  // Ends all connections and lets go of what runs.
  void close();
  // After the loop has ended: waits for the call of the artifact store that is under way. Any thread.
  void wait_for_files() { files_.join(); }
  [[nodiscard]] WorkerDescription describe() const;  // any thread

 private:
  // ---- A job.
  awaitable<std::string> process(bullmq::Job job, std::stop_token stop, std::string model);
  awaitable<BeginAnswer> begin(const Envelope& envelope, bullmq::Job job, std::stop_token stop);
  [[nodiscard]] AttemptRequest attempt_request(const Envelope& envelope, std::string lock_token) const;
  awaitable<QueuedRun::End> run(std::shared_ptr<QueuedRun> run, const BeginAnswer& begun, std::string model,
                                std::stop_token stop);
  awaitable<void> let_unreadable_go(bullmq::Job job, std::string model, Error problem);
  awaitable<JobOutcome> outcome_elsewhere(std::string id, std::string state);
  awaitable<std::optional<StoredGeneration>> read_generation(std::string id);
  awaitable<void> give_back(bullmq::Job job);
  void on_message(const std::string& id, const std::string& message);
  [[nodiscard]] std::unique_ptr<RunTrace> trace(Envelope& envelope, std::uint64_t attempt) const;
  void tell_ended(const QueuedRun& run, const std::string& model);
  void tell_failed(const QueuedRun& run, const std::string& model);
  void tell_let_go(const std::string& model, WorkerObserver::LetGo how) const;

  // ---- Its life.
  awaitable<void> tell_lease();
  void note_claim();
  awaitable<void> learn_server();
  awaitable<void> give_up_lease();
  void set_connected(bool connected, std::string reason);
  [[nodiscard]] bullmq::SharedConnection connect(const std::string& name) const;
  [[nodiscard]] bullmq::WorkerOptions worker_options(const Model& model) const;
  void take_from(const std::string& model);

  ArtifactStore& artifacts_;
  EventLoopThreads& generator_loops_;
  EventLoop& loop_;
  const QueueWorkerOptions options_;
  const Clock& clock_;
  FaultLog own_faults_;
  FaultLog& faults_;
  const GenerationKeys keys_;
  const std::string process_;
  std::map<std::string, std::shared_ptr<WorkerModel>> models_;
  bullmq::Redis commands_;
  bullmq::Redis blocking_;
  GenerationRecords records_;
  WorkerLeases leases_;
  std::shared_ptr<NotificationStream> notifications_;
  boost::asio::thread_pool files_{2};
  std::vector<bullmq::Worker> workers_;
  std::vector<bullmq::Subscription> subscriptions_;
  std::map<std::string, std::shared_ptr<QueuedRun>> runs_;
  WorkerLease lease_;
  SteadyTime lease_told_{};
  std::size_t given_back_ = 0;  // since it was told to stop
  bool stopping_ = false;
  bool closed_ = false;

  mutable std::mutex mutex_;
  WorkerDescription description_{.connected = false, .reason = "not connected to Redis yet", .running = 0};
  // Last, so that they end first.
  PeriodicDuties duties_;
};

}  // namespace shunt::executor
