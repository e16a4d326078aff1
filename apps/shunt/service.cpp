#include "service.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "await_on_loop.hpp"
#include "make_models.hpp"
#include "shunt/base/log.hpp"
#include "version_text.hpp"

namespace shunt::app {
namespace {

// Beyond this more loops only take turns on the locks of the models.
constexpr std::size_t kMostThreads = 8;
// For the last bytes of answers to reach clients that read.
constexpr std::chrono::seconds kCloseDeadline{5};

std::size_t thread_count(const config::Configuration& configuration) {
  if (configuration.threads > 0) return configuration.threads;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
}

std::string url_of(const std::string& address, unsigned short port) {
  const bool ipv6 = address.find(':') != std::string::npos;
  return "http://" + (ipv6 ? '[' + address + ']' : address) + ':' + std::to_string(port);
}

std::string names_of(const ModelRegistry& models) {
  std::string names;
  for (const auto& [name, model] : models.all()) names.append(names.empty() ? "" : ",").append(name);
  return names;
}

}  // namespace

Service::Service(const config::Loaded& loaded, executor::ExecutorChoice choice, std::size_t threads)
    : loaded_(loaded), configuration_(loaded.configuration), choice_(std::move(choice)), loops_(threads) {}

Result<std::unique_ptr<Service>> Service::start(const config::Loaded& loaded) {
  const auto choice = executor::choose_executor(loaded.configuration.queue);
  if (!choice) return choice.error();
  std::unique_ptr<Service> service(new Service(loaded, *choice, thread_count(loaded.configuration)));
  if (auto assembled = service->assemble(); !assembled) return std::move(assembled).error();
  return service;
}

Result<void> Service::assemble() {
  auto models = make_models(loaded_, loops_);
  if (!models) return std::move(models).error();
  models_ = std::move(*models);
  metrics_ = std::make_unique<ExecutorMetrics>(models_, choice_.admission);
  store_ = make_memory_store(system_clock(), configuration_.store);
  executor_ = executor::make_sync_executor(models_, *store_,
                                           {.admission = choice_.admission, .observer = metrics_.get()});
  auto server = api::HttpServer::listen(configuration_.server, loops_, *executor_, models_,
                                        [this] { return metrics_->text(executor_->describe()); });
  if (!server) return std::move(server).error();
  server_ = std::move(*server);
  url_ = url_of(configuration_.server.address, server_->port());
  return {};
}

void Service::log_start() const {
  log::info("service.started", {{"version", kVersion},
                                {"url", url_},
                                {"roles", "http,executor"},
                                {"executor", choice_.admission.executor},
                                {"reason", choice_.admission.reason},
                                {"models", names_of(models_)},
                                {"threads", loops_.size()},
                                {"configuration", loaded_.file}});
}

void Service::shut_down() {
  server_->stop_accepting();
  const auto report = await_on_loop<executor::DrainReport>(
      loops_, [this](auto done) { executor_->drain(configuration_.shutdown_grace, std::move(done)); });
  log::info("service.drained", {{"finished", report.finished}, {"cancelled", report.cancelled}});
  server_->close(kCloseDeadline);
}

}  // namespace shunt::app
