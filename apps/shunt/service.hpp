#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "background_thread.hpp"
#include "executor_metrics.hpp"
#include "file_expiry.hpp"
#include "flip_fleet.hpp"
#include "generator_endings.hpp"
#include "make_flip.hpp"
#include "namespace.hpp"
#include "reload_figures.hpp"
#include "shunt/api/config_reloader.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/left_posts.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/generation_store.hpp"
#include "shunt/webhooks/webhooks.hpp"
#include "tracer.hpp"
#include "worker_metrics.hpp"

namespace shunt::app {

// Everything that `shunt serve` and `shunt worker` run, put together as the roles say.
class Service final : private api::ConfigReloader {
 public:
  // Reads the configuration anew, from where it came.
  using LoadAgain = std::function<Result<config::Loaded>()>;

  // Listens when this returns, if its roles have the API. Fails with the codes of make_models,
  // make_artifact_store and HttpServer::listen, and with `invalid_configuration` for a worker without a
  // queue. `loaded` outlives the service. Without `load_again` nothing can be reloaded.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(const config::Loaded& loaded,
                                                              LoadAgain load_again = {});

  // "http://127.0.0.1:8080", with the port that was really taken; empty without the API.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }
  // Where a worker's probes and metrics are; empty without worker.listen.
  [[nodiscard]] const std::string& probes_url() const noexcept { return probes_url_; }

  // The line of the log that tells what this process is.
  void log_start() const;

  // Takes over what is live of the configuration as it is now, or nothing of it, and logs which and why.
  // Returns at once. Any thread.
  void reload_soon();

  // Stops accepting, lets what runs finish within the configured grace, and closes. What is left then is
  // cancelled, or with the queue given back to it. Not from a loop's thread; once.
  void shut_down();

 private:
  Service(const config::Loaded& loaded, LoadAgain load_again, std::size_t threads);

  void reload(Mode mode, std::function<void(Result<api::ReloadReport>)> done) override;
  // These are for the thread of the reloads.
  [[nodiscard]] Result<api::ReloadReport> reload_now(Mode mode);
  void take(config::Reload reload, ModelRegistry models);

  Result<void> assemble();
  Result<void> make_executors();
  [[nodiscard]] MemoryStoreLimits store_limits();
  [[nodiscard]] std::string_view why_this_executor() const noexcept;
  // Starts the programs that stay, where this process is known to run generations.
  void warm_programs();
  Result<void> listen();
  Result<void> listen_for_probes();
  // Where the server and the probes go by `configuration`: of the options that are live.
  void reload_servers(const config::Configuration& configuration);
  [[nodiscard]] executor::ExecutorDescription describe_worker() const;
  [[nodiscard]] api::ServiceAbout about() const;
  [[nodiscard]] std::string metrics_text() const;
  [[nodiscard]] executor::QueueWorkerOptions worker_options();
  [[nodiscard]] executor::QueueWorkerOptions shadow_worker_options();

  const config::Loaded& loaded_;
  const LoadAgain load_again_;
  config::Loaded running_;  // with what reloads have changed: for the thread of the reloads
  ReloadFigures reload_figures_;
  const config::Configuration& configuration_;
  const WallTime started_at_ = system_clock().now();
  std::string url_;
  std::string probes_url_;
  std::atomic<bool> stopping_{false};
  MemoryBudget memory_;  // before everybody who holds a part of it
  // In the order of construction; destruction runs backwards, so that the loops go last
  // (docs/architecture.md, Threads).
  FaultLog faults_;
  std::unique_ptr<Tracer> tracer_;  // with a collector
  EventLoopThreads loops_;
  std::unique_ptr<FileStore> files_;         // where there is a place for them
  std::unique_ptr<FileExpiry> file_expiry_;  // with that and the API
  GeneratorEndings endings_;
  ModelRegistry models_;
  std::unique_ptr<ExecutorMetrics> metrics_;       // with the API
  std::unique_ptr<WorkerMetrics> worker_metrics_;  // with a worker
  std::unique_ptr<ArtifactStore> artifacts_;       // with the queue enabled
  // With that and the API.
  std::unique_ptr<EndRelay> ends_;
  std::unique_ptr<Flip> flip_;
  std::unique_ptr<FlipFleet> fleet_;
  // These two are there without the queue.
  std::unique_ptr<GenerationStore> store_;
  std::unique_ptr<executor::GenerationExecutor> sync_;
  executor::GenerationExecutor* executor_ = nullptr;  // one of the two, with the API
  std::string url_secret_;                            // the configured one, or a random one
  std::unique_ptr<executor::LeftPosts> left_posts_;   // with the API and the queue
  std::unique_ptr<webhooks::Webhooks> webhooks_;      // with the API and something that signs
  std::unique_ptr<executor::QueueWorker> worker_;
  ModelRegistry shadow_models_;
  std::unique_ptr<executor::QueueWorker> shadow_worker_;  // with a worker that serves shadows
  std::unique_ptr<api::HttpServer> server_;
  std::unique_ptr<api::HttpServer> probes_;
  BackgroundThread reloads_;
};

}  // namespace shunt::app
