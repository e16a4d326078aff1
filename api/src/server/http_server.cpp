#include "shunt/api/http_server.hpp"

#include <memory>
#include <utility>

#include "batches/batch_runner.hpp"
#include "server/api_application.hpp"
#include "server/listen_address.hpp"
#include "server/probed_process.hpp"
#include "shunt/http/server/server.hpp"

namespace shunt::api {
namespace {

constexpr std::size_t kMinUrlSecretBytes = 16;

class ApiServer final : public HttpServer {
 public:
  ApiServer(std::shared_ptr<ApiApplication> application, std::unique_ptr<http::Server> server)
      : application_(std::move(application)), server_(std::move(server)) {}

  [[nodiscard]] unsigned short port() const noexcept override { return server_->port(); }
  void stop_accepting() override {
    server_->stop_accepting();
    if (const auto& batches = application_->service().batches) batches->stop_beginning();
  }
  void close(std::chrono::milliseconds deadline) override {
    if (const auto& batches = application_->service().batches) batches->stop();
    server_->close(deadline);
  }

  Result<void> check(HttpServerOptions options) const override {
    const Service& service = application_->service();
    keep_what_stays(options, service.live.now()->options);
    if (auto endpoint = listen_endpoint(options, service.surface); !endpoint) return endpoint.error();
    return {};
  }

  Result<void> reload(HttpServerOptions options) override {
    if (auto fits = check(options); !fits) return fits;
    Service& service = application_->service();
    const auto before = service.live.now();
    keep_what_stays(options, before->options);
    service.live.replace(std::make_shared<const LiveSettings>(
        std::move(options), std::chrono::steady_clock::now(), before.get()));
    return {};
  }

 private:
  static void keep_what_stays(HttpServerOptions& options, const HttpServerOptions& before) {
    options.address = before.address;
    options.port = before.port;
    options.files.retention = before.files.retention;
    options.url_secret = before.url_secret;
    options.batch_folder = before.batch_folder;
    options.allow_unauthenticated = before.allow_unauthenticated;
  }

  const std::shared_ptr<ApiApplication> application_;
  const std::unique_ptr<http::Server> server_;
};

// A server for probes and what it stands on.
class ProbeServer final : public HttpServer {
 public:
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options, EventLoopThreads& loops,
                                                   std::function<executor::ExecutorDescription()> describe,
                                                   MetricsSource metrics);
  [[nodiscard]] unsigned short port() const noexcept override { return server_->port(); }
  Result<void> check(HttpServerOptions options) const override { return server_->check(std::move(options)); }
  Result<void> reload(HttpServerOptions options) override { return server_->reload(std::move(options)); }
  void stop_accepting() override { server_->stop_accepting(); }
  void close(std::chrono::milliseconds deadline) override { server_->close(deadline); }

 private:
  explicit ProbeServer(std::function<executor::ExecutorDescription()> describe)
      : process_(std::move(describe)) {}

  ProbedProcess process_;
  const ModelRegistry no_models_{};
  std::unique_ptr<HttpServer> server_;
};

Result<std::unique_ptr<HttpServer>> serve(const HttpServerOptions& options, EventLoopThreads& loops,
                                          executor::GenerationExecutor& executor, const ModelRegistry& models,
                                          MetricsSource metrics, Surface surface) {
  const auto endpoint = listen_endpoint(options, surface);
  if (!endpoint) return endpoint.error();
  if (!options.url_secret.empty() && options.url_secret.size() < kMinUrlSecretBytes) {
    return Error{"invalid_configuration",
                 "server.url_secret must have at least " + std::to_string(kMinUrlSecretBytes) + " bytes"};
  }
  auto application = std::make_shared<ApiApplication>(options, executor, models, std::move(metrics), surface);
  auto server = http::Server::listen(*endpoint, loops, application, application->service().state);
  if (!server) return std::move(server).error();
  return std::unique_ptr<HttpServer>(std::make_unique<ApiServer>(std::move(application), std::move(*server)));
}

Result<std::unique_ptr<HttpServer>> ProbeServer::start(
    const HttpServerOptions& options, EventLoopThreads& loops,
    std::function<executor::ExecutorDescription()> describe, MetricsSource metrics) {
  std::unique_ptr<ProbeServer> probes(new ProbeServer(std::move(describe)));
  auto server =
      serve(options, loops, probes->process_, probes->no_models_, std::move(metrics), Surface::kProbes);
  if (!server) return std::move(server).error();
  probes->server_ = std::move(*server);
  return std::unique_ptr<HttpServer>(std::move(probes));
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen_for_probes(
    HttpServerOptions options, EventLoopThreads& loops,
    std::function<executor::ExecutorDescription()> describe, MetricsSource metrics) {
  return ProbeServer::start(options, loops, std::move(describe), std::move(metrics));
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(HttpServerOptions options, EventLoopThreads& loops,
                                                       executor::GenerationExecutor& executor,
                                                       const ModelRegistry& models,
                                                       MetricsSource extra_metrics) {
  return serve(options, loops, executor, models, std::move(extra_metrics), Surface::kAll);
}

}  // namespace shunt::api
