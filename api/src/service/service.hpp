#pragma once

#include <memory>
#include <string>

#include "admission/live_settings.hpp"
#include "representation/url_signer.hpp"
#include "service/current_openapi.hpp"
#include "service/file_service.hpp"
#include "service/http_metrics.hpp"
#include "service/repeated_posts.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/http/server/server_state.hpp"
#include "surface/route_table.hpp"

namespace shunt::api::batches {
class BatchRunner;
}

namespace shunt::api {

// What every connection of a server shares. Outlives them all.
struct Service {
  const HttpServerOptions options;  // as the server began: what no reload changes
  executor::GenerationExecutor& executor;
  const ModelRegistry& models;
  const MetricsSource extra_metrics;
  const Surface surface;
  CurrentOpenApi openapi;
  LiveSettingsSource live;
  HttpMetrics metrics;
  FileService files;
  MemoryBudget& memory;
  const UrlSigner urls{options.url_secret};
  RepeatedPosts repeated{};
  // Behind all that it needs; nullptr: there is no folder for batches.
  const std::shared_ptr<batches::BatchRunner> batches = make_batches();
  http::ServerState state{.metrics = metrics, .memory = memory};

  // The executor's word, unless this server knows better.
  [[nodiscard]] executor::ExecutorDescription describe() const;

  [[nodiscard]] std::shared_ptr<batches::BatchRunner> make_batches();
};

}  // namespace shunt::api
