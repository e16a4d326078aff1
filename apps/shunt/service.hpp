#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "executor_metrics.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/executor/sync_executor.hpp"

namespace shunt::app {

// Everything that `shunt serve` runs, put together.
class Service {
 public:
  // Listens when this returns. Fails with the codes of choose_executor, make_models and HttpServer::listen.
  // `loaded` outlives the service.
  [[nodiscard]] static Result<std::unique_ptr<Service>> start(const config::Loaded& loaded);

  // "http://127.0.0.1:8080", with the port that was really taken.
  [[nodiscard]] const std::string& url() const noexcept { return url_; }

  // The line of the log that tells what this process is.
  void log_start() const;

  // Stops accepting, lets what runs finish within the configured grace, cancels the rest and closes. Not from
  // a loop's thread; once.
  void shut_down();

 private:
  Service(const config::Loaded& loaded, executor::ExecutorChoice choice, std::size_t threads);

  Result<void> assemble();

  const config::Loaded& loaded_;
  const config::Configuration& configuration_;
  const executor::ExecutorChoice choice_;
  std::string url_;
  // In the order of construction; destruction runs backwards, so that the loops go last
  // (docs/architecture.md, Threads).
  EventLoopThreads loops_;
  ModelRegistry models_;
  std::unique_ptr<ExecutorMetrics> metrics_;
  std::unique_ptr<GenerationStore> store_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
  std::unique_ptr<api::HttpServer> server_;
};

}  // namespace shunt::app
