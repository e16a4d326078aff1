#include "service.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <future>
#include <thread>
#include <utility>

#include "await_on_loop.hpp"
#include "config_place.hpp"
#include "fault_metrics.hpp"
#include "flip_metrics.hpp"
#include "flip_record_metrics.hpp"
#include "make_artifact_store.hpp"
#include "make_models.hpp"
#include "make_webhooks.hpp"
#include "memory_metrics.hpp"
#include "process_figures.hpp"
#include "program_metrics.hpp"
#include "redis_metrics.hpp"
#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"
#include "shunt/config/redact.hpp"
#include "shunt/executor/program_health.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/kept_programs.hpp"
#include "shunt/generation/noted_stores.hpp"
#include "upstream_metrics.hpp"
#include "version_text.hpp"
#include "webhook_metrics.hpp"

namespace shunt::app {
namespace {

// Beyond this more loops only take turns on the locks of the models.
constexpr std::size_t kMostThreads = 8;
// For the last bytes of answers to reach clients that read.
constexpr std::chrono::seconds kCloseDeadline{5};
// For attempts to deliver a webhook that are under way.
constexpr std::chrono::seconds kWebhookGrace{5};

// Why a process runs generations as it does.
constexpr std::string_view kQueueEnabled = "queue_enabled";
constexpr std::string_view kQueueDisabled = "queue_disabled";

constexpr std::string_view kSync = "sync";
constexpr std::array<std::string_view, 1> kSyncAlone{kSync};
constexpr std::array<std::string_view, 2> kBothExecutors{kSync, "queue"};

std::size_t thread_count(const config::Configuration& configuration) {
  if (configuration.threads > 0) return configuration.threads;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostThreads);
}

std::size_t memory_limit(const config::Configuration& configuration) {
  return configuration.memory_limit > 0 ? configuration.memory_limit : default_memory_limit();
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

std::vector<std::string> names_of(const config::Roles& roles) {
  std::vector<std::string> names;
  if (roles.api) names.emplace_back("api");
  if (roles.worker) names.emplace_back("worker");
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text.append(text.empty() ? "" : ",").append(word);
  return text;
}

// Tells workers of one name apart, and where to look for them.
std::string process_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '\0';
  return std::string(host.data()) + ':' + std::to_string(::getpid());
}

Error worker_without_queue() {
  return {"invalid_configuration",
          "a worker takes generations from the queue, and the queue is disabled: set QUEUE_ENABLED=true and "
          "REDIS_URL"};
}

}  // namespace

Service::Service(const config::Loaded& loaded, LoadAgain load_again, std::size_t threads)
    : loaded_(loaded),
      load_again_(std::move(load_again)),
      running_(loaded),
      reload_figures_(config::digest_of(loaded)),
      configuration_(loaded.configuration),
      memory_(memory_limit(configuration_), configuration_.store.max_bytes),
      loops_(threads) {}

Result<std::unique_ptr<Service>> Service::start(const config::Loaded& loaded, LoadAgain load_again) {
  const config::Configuration& configuration = loaded.configuration;
  std::unique_ptr<Service> service(new Service(loaded, std::move(load_again), thread_count(configuration)));
  if (auto assembled = service->assemble(); !assembled) return placed(std::move(assembled).error(), loaded);
  return service;
}

namespace {

// One for the server and for what webhooks tell.
std::string make_url_secret(const std::string& configured) {
  constexpr std::size_t kBytes = 32;
  if (!configured.empty()) return configured;
  // Nothing that most services need to know: docs/replicate.md tells who has to set one.
  log::debug("http.url_tokens_of_this_process_alone");
  return random_name(kBytes);
}

}  // namespace

Result<void> Service::assemble() {
  if (!config::traces_url(configuration_.tracing).empty()) {
    tracer_ = std::make_unique<Tracer>(configuration_.tracing, process_name());
  }
  auto files = make_file_store(configuration_);
  if (!files) return std::move(files).error();
  if (*files) files_ = note_faults(std::move(*files), faults_);
  if (files_ && configuration_.roles.api) file_expiry_ = std::make_unique<FileExpiry>(*files_, faults_);
  auto models = make_models(loaded_, loops_, files_.get(), endings_);
  if (!models) return std::move(models).error();
  models_ = std::move(*models);
  if (auto made = make_executors(); !made) return made;
  warm_programs();
  if (configuration_.roles.api) {
    if (auto checked = check_webhooks(configuration_); !checked) return checked;
    url_secret_ = make_url_secret(configuration_.server.url_secret);
    webhooks_ = make_webhooks(configuration_, *executor_, faults_, url_secret_);
    if (configuration_.queue_enabled) left_posts_ = executor::make_left_posts(configuration_.queue, faults_);
    if (auto listening = listen(); !listening) return listening;
  }
  return worker_ && !configuration_.worker.listen_address.empty() ? listen_for_probes() : Result<void>();
}

// Nothing of Redis without the switch: no connection, no thread, no name looked up.
Result<void> Service::make_executors() {
  const config::Roles roles = configuration_.roles;
  if (!configuration_.queue_enabled) {
    if (roles.worker) return worker_without_queue();
    metrics_ = std::make_unique<ExecutorMetrics>(models_, kSyncAlone);
    store_ = make_memory_store(system_clock(), store_limits());
    sync_ = executor::make_sync_executor(models_, *store_,
                                         {.admission = {std::string(kSync), std::string(kQueueDisabled)},
                                          .observer = metrics_.get(),
                                          .tracer = tracer_.get(),
                                          .memory = &memory_});
    executor_ = sync_.get();
    return {};
  }
  auto artifacts = make_artifact_store(configuration_);
  if (!artifacts) return std::move(artifacts).error();
  artifacts_ = note_faults(std::move(*artifacts), faults_);
  if (roles.api) {
    metrics_ = std::make_unique<ExecutorMetrics>(models_, kBothExecutors);
    ends_ = std::make_unique<EndRelay>(*metrics_);
    flip_ = make_flip({.configuration = configuration_,
                       .models = models_,
                       .artifacts = *artifacts_,
                       .loop = loops_.at(0),
                       .observer = ends_.get(),
                       .tracer = tracer_.get(),
                       .faults = &faults_,
                       .memory = &memory_,
                       .store = store_limits()});
    fleet_ = std::make_unique<FlipFleet>(loaded_, *flip_, *ends_, faults_);
    executor_ = flip_->executor.get();
  }
  if (roles.worker) {
    worker_metrics_ = std::make_unique<WorkerMetrics>(models_, configuration_.worker.models);
    worker_ = executor::make_queue_worker(models_, *artifacts_, loops_, worker_options());
    if (configuration_.worker.serves_shadows) {
      shadow_models_ = shadow_models(models_, configuration_);
      shadow_worker_ =
          executor::make_queue_worker(shadow_models_, *artifacts_, loops_, shadow_worker_options());
    }
  }
  return {};
}

// An API whose requests go through the queue needs them only where it falls back, and then starts them.
void Service::warm_programs() {
  const bool runs_here = configuration_.roles.api &&
                         (!configuration_.queue_enabled || configuration_.strategy != flip::Strategy::kQueue);
  const std::vector<std::string>& of_worker = running_.configuration.worker.models;
  for (const auto& [name, model] : models_.all()) {
    const bool in_worker =
        worker_ && (of_worker.empty() || std::ranges::find(of_worker, name) != of_worker.end());
    KeptPrograms* const programs = kept_programs(*model);
    if (programs != nullptr && (runs_here || in_worker)) programs->warm();
  }
}

std::string_view Service::why_this_executor() const noexcept {
  return configuration_.queue_enabled ? kQueueEnabled : kQueueDisabled;
}

MemoryStoreLimits Service::store_limits() {
  MemoryStoreLimits limits = configuration_.store;
  limits.memory = &memory_;
  const std::size_t store = memory_.capacity(MemoryShare::kStore);
  if (limits.max_bytes > store) {
    log::warn("service.store_bounded",
              {{"max_bytes", limits.max_bytes},
               {"used", store},
               {"reason", "store.max_bytes is at most three quarters of memory.limit"}});
  }
  return limits;
}

executor::QueueWorkerOptions Service::worker_options() {
  executor::QueueWorkerOptions options;
  options.queue = configuration_.queue;
  options.models = configuration_.worker.models;
  if (configuration_.worker.concurrency > 0) options.concurrency = configuration_.worker.concurrency;
  options.name = configuration_.worker.name.empty() ? process_name() : configuration_.worker.name;
  options.version = kVersion;
  options.observer = worker_metrics_.get();
  options.memory = &memory_;
  options.tracer = tracer_.get();
  options.faults = &faults_;
  return options;
}

// What it runs is nobody's, and in no figure of the worker's.
executor::QueueWorkerOptions Service::shadow_worker_options() {
  executor::QueueWorkerOptions options = worker_options();
  options.queue = shadow_queue(configuration_);
  options.observer = nullptr;
  options.tracer = nullptr;
  std::erase_if(options.models,
                [this](const std::string& name) { return shadow_models_.find(name) == nullptr; });
  return options;
}

std::string Service::metrics_text() const {
  std::string text;
  std::optional<executor::ServerStatus> redis;
  if (worker_) {
    const executor::WorkerDescription worker = worker_->describe();
    text += worker_metrics_->text(worker);
    redis = worker.server;
  }
  if (metrics_) {
    const executor::ExecutorDescription executor = executor_->describe();
    text += metrics_->text(executor, why_this_executor());
    redis = executor.server;
  }
  if (flip_) text += flip_metrics_text(*flip_->executor);
  if (fleet_) text += flip_record_metrics_text(fleet_->control().view());
  if (redis) text += redis_metrics_text(*redis);
  if (tracer_) text += tracer_->metrics_text();
  text += reload_figures_.text();
  if (file_expiry_) text += file_expiry_->metrics_text();
  text += upstream_metrics_text(models_);
  text += program_metrics_text(models_);
  if (webhooks_) text += webhook_metrics_text(webhooks_->counts());
  return text + fault_metrics_text(faults_) + memory_metrics_text(memory_) + process_metrics_text();
}

Result<void> Service::listen() {
  api::HttpServerOptions options = configuration_.server;
  options.about = about();
  options.tracer = tracer_.get();
  options.memory = &memory_;
  options.webhooks = webhooks_.get();
  options.left_posts = left_posts_.get();
  options.url_secret = url_secret_;
  options.file_store = files_.get();
  if (const auto folder = files_folder(configuration_); files_ && !folder.empty())
    options.batch_folder = (folder / "batches").string();
  options.faults = &faults_;
  options.files.retention = std::max(configuration_.store.max_age, configuration_.queue.retention);
  if (load_again_) options.reloader = this;
  if (fleet_) {
    options.flip = &fleet_->control();
    options.inspection = &fleet_->inspection();
  }
  auto server = api::HttpServer::listen(std::move(options), loops_, *executor_, models_,
                                        [this] { return metrics_text(); });
  if (!server) return std::move(server).error();
  server_ = std::move(*server);
  url_ = url_of(configuration_.server.address, server_->port());
  return {};
}

Result<void> Service::listen_for_probes() {
  api::HttpServerOptions options = configuration_.server;
  options.address = configuration_.worker.listen_address;
  options.port = configuration_.worker.listen_port;
  options.memory = &memory_;
  auto server = api::HttpServer::listen_for_probes(
      std::move(options), loops_, [this] { return describe_worker(); }, [this] { return metrics_text(); });
  if (!server) return std::move(server).error();
  probes_ = std::move(*server);
  probes_url_ = url_of(configuration_.worker.listen_address, probes_->port());
  return {};
}

executor::ExecutorDescription Service::describe_worker() const {
  const executor::WorkerDescription worker = worker_->describe();
  executor::ExecutorDescription description{.name = "worker", .mode = "queue", .reason = worker.reason};
  description.running = worker.running;
  description.warnings = worker.warnings;
  if (!worker.connected) description.health = executor::Health::kDegraded;
  executor::add_program_health(models_, description);
  if (stopping_) {
    description.health = executor::Health::kDraining;
    description.reason = "the worker is stopping";
  }
  return description;
}

api::ServiceAbout Service::about() const {
  api::ServiceAbout about;
  about.version = kVersion;
  about.roles = names_of(configuration_.roles);
  about.strategy_reason = why_this_executor();
  about.started_at = started_at_;
  if (configuration_.queue_enabled) about.redis_url = config::redacted_url(configuration_.queue.redis_url);
  return about;
}

void Service::log_start() const {
  const bool queue = configuration_.queue_enabled;
  // A worker without the API has none, and runs what others have sent through the queue.
  const std::string executor = executor_ == nullptr ? "queue" : executor_->describe().name;
  log::info("service.started", {{"version", kVersion},
                                {"url", url_},
                                {"roles", joined(names_of(configuration_.roles))},
                                {"probes", probes_url_},
                                {"executor", executor},
                                {"reason", why_this_executor()},
                                {"redis", queue ? config::redacted_url(configuration_.queue.redis_url) : ""},
                                {"models", names_of(models_)},
                                {"traces", config::redacted_url(config::traces_url(configuration_.tracing))},
                                {"threads", loops_.size()},
                                {"memory_limit", memory_.limit()},
                                {"configuration", loaded_.file}});
  for (const auto& [variable, advice] : loaded_.unread_variables)
    log::warn("configuration.variable_unread", {{"variable", variable}, {"advice", advice}});
  const ModelSnapshot models = models_.all();
  const bool runs_programs =
      std::ranges::any_of(models, [](const auto& each) { return each.second->driver == "command"; });
  const std::string open_to_programs = runs_programs ? missing_confinement() : "";
  if (!open_to_programs.empty()) log::warn("programs.not_confined", {{"can_reach", open_to_programs}});
}

void Service::shut_down() {
  stopping_ = true;
  reloads_.finish();
  if (server_) server_->stop_accepting();
  // Together, since each may take the whole grace.
  std::promise<executor::WorkerReport> stopped;
  if (worker_) {
    worker_->stop(configuration_.shutdown_grace,
                  [&stopped](executor::WorkerReport report) { stopped.set_value(report); });
  }
  std::promise<void> shadows_stopped;
  if (shadow_worker_) {
    shadow_worker_->stop(std::chrono::milliseconds(0),
                         [&shadows_stopped](const executor::WorkerReport&) { shadows_stopped.set_value(); });
  }
  if (executor_ != nullptr) {
    const auto report = await_on_loop<executor::DrainReport>(
        loops_, [this](auto done) { executor_->drain(configuration_.shutdown_grace, std::move(done)); });
    log::info("service.drained", {{"finished", report.finished}, {"cancelled", report.cancelled}});
  }
  // Behind the drain, whose ends are told, too.
  if (webhooks_) webhooks_->stop(kWebhookGrace);
  if (worker_) {
    const auto report = stopped.get_future().get();
    log::info("worker.stopped", {{"finished", report.finished}, {"given_back", report.given_back}});
  }
  if (shadow_worker_) shadows_stopped.get_future().get();
  if (server_) server_->close(kCloseDeadline);
  if (tracer_) tracer_->stop();
  // Last, so that the end can be watched; who probes does not wait.
  if (probes_) probes_->close(std::chrono::milliseconds(0));
}

}  // namespace shunt::app
