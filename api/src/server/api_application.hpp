#pragma once

#include <memory>
#include <utility>

#include "representation/problem.hpp"
#include "server/api_handler.hpp"
#include "service/service.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/application.hpp"

namespace shunt::api {

// The service as http::Server serves it.
class ApiApplication final : public http::Application {
 public:
  ApiApplication(const HttpServerOptions& options, executor::GenerationExecutor& executor,
                 const ModelRegistry& models, MetricsSource extra_metrics, Surface surface)
      : service_{.options = options,
                 .executor = executor,
                 .models = models,
                 .extra_metrics = std::move(extra_metrics),
                 .surface = surface,
                 .openapi = CurrentOpenApi(models),
                 .live = LiveSettingsSource(std::make_shared<const LiveSettings>(
                     options, std::chrono::steady_clock::now(), nullptr)),
                 .metrics = HttpMetrics(surface),
                 .files = FileService(options.file_store),
                 .memory = *options.memory} {
    service_.repeated.share_in(options.left_posts);
  }

  [[nodiscard]] Service& service() noexcept { return service_; }

  [[nodiscard]] std::shared_ptr<const http::ServerLimits> limits() const override {
    auto settings = service_.live.now();
    const http::ServerLimits* const limits = &settings->limits;
    return {std::move(settings), limits};
  }
  [[nodiscard]] std::unique_ptr<http::RequestHandler> make_handler() override {
    return std::make_unique<ApiHandler>(service_);
  }
  void refuse(http::Response& response, const Error& error) const override { set_problem(response, error); }

 private:
  Service service_;
};

}  // namespace shunt::api
