#include "server/api_handler.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>

#include "representation/generation_body.hpp"
#include "representation/problem.hpp"
#include "routes/form_receiver.hpp"
#include "routes/handlers.hpp"
#include "shunt/base/log.hpp"

namespace shunt::api {
namespace {

http::Task<void> finished(void (*report)(Exchange&), Exchange& exchange) {
  report(exchange);
  co_return;
}

http::Task<void> dispatch(Exchange& exchange) {
  switch (exchange.route.route->id) {
    case RouteId::kCreateGeneration:
      return create_generation(exchange);
    case RouteId::kGetGeneration:
      return get_generation(exchange);
    case RouteId::kListGenerations:
      return list_generations(exchange);
    case RouteId::kCancelGeneration:
      return cancel_generation(exchange);
    case RouteId::kRetryGeneration:
      return retry_generation(exchange);
    case RouteId::kRemoveGeneration:
      return remove_generation(exchange);
    case RouteId::kStatus:
      return report_status(exchange);
    case RouteId::kReload:
    case RouteId::kReloadPreview:
      return reload_config(exchange);
    case RouteId::kFlipStatus:
      return report_flip(exchange);
    case RouteId::kFlipStart:
    case RouteId::kFlipPromote:
    case RouteId::kFlipHold:
    case RouteId::kFlipResume:
    case RouteId::kFlipBack:
    case RouteId::kFlipAbort:
    case RouteId::kFlipForce:
    case RouteId::kFlipRelease:
      return move_flip(exchange);
    case RouteId::kFlipPreflight:
    case RouteId::kFlipPreflightOfPlan:
      return report_preflight(exchange);
    case RouteId::kFlipDrain:
      return report_drain(exchange);
    case RouteId::kFlipLog:
      return report_flip_log(exchange);
    case RouteId::kFlipVerifyLog:
      return verify_flip_log(exchange);
    case RouteId::kFlipShadow:
      return report_shadow(exchange);
    case RouteId::kListDeliveries:
      return list_deliveries(exchange);
    case RouteId::kGetDelivery:
      return get_delivery(exchange);
    case RouteId::kRedeliver:
      return redeliver_webhook(exchange);
    case RouteId::kTestWebhook:
      return test_webhook(exchange);
    case RouteId::kStreamEvents:
      return stream_events(exchange);
    case RouteId::kGetArtifact:
      return get_artifact(exchange);
    case RouteId::kCreateFile:
      return create_file(exchange);
    case RouteId::kListFiles:
      return list_files(exchange);
    case RouteId::kGetFile:
      return get_file(exchange);
    case RouteId::kGetFileContent:
      return get_file_content(exchange);
    case RouteId::kRemoveFile:
      return remove_file(exchange);
    case RouteId::kListModels:
      return finished(list_models, exchange);
    case RouteId::kGetModel:
      return finished(get_model, exchange);
    case RouteId::kHealth:
      return finished(report_health, exchange);
    case RouteId::kReady:
      return finished(report_readiness, exchange);
    case RouteId::kMetrics:
      return finished(report_metrics, exchange);
    case RouteId::kOpenApi:
      return finished(describe_api, exchange);
    case RouteId::kRoot:
      return finished(point_the_way, exchange);
    case RouteId::kDialect:
      return serve_dialect(exchange);
  }
  throw std::logic_error("a route without a handler");
}

// What a body takes of the memory for requests at most, before it is decoded.
std::uint64_t announced_bytes(const http::Request& request, const RequestDecision& decision) {
  if (!request.has_body()) return 0;
  if (decision.is_form) return kFormMemory;
  return std::min<std::uint64_t>(request.content_length.value_or(decision.max_body_bytes),
                                 decision.max_body_bytes);
}

Error loopback_only() {
  return {problem_code::kLoopbackOnly,
          "without API keys this is for requests from this machine only, and this one came from elsewhere or "
          "through a proxy: ask on the machine itself, or configure a key with the scope \"admin\" "
          "(server.keys)"};
}

}  // namespace

const http::ServerLimits& ApiHandler::renew() {
  if (live_.renew()) let_in_ = {};
  return live_.get().limits;
}

http::HeaderVerdict ApiHandler::check(http::ServerExchange& exchange, SteadyTime now) {
  RequestDecision& decision = decision_.emplace();
  check_request(decision, service_.surface, live_.get(), service_.urls, let_in_, exchange.request,
                exchange.target, exchange.response, now);
  const Route* const route = decision.match.route;
  const bool is_open = !decision.answered && !live_.get().keys.required();
  if (is_open && route->access == Access::kAdmin &&
      !http::is_from_this_machine(exchange.client.peer(), exchange.request.headers)) {
    set_problem(exchange.response, loopback_only());
    decision.answered = true;
  }
  if (!decision.answered && decision.key != nullptr && live_.get().keys.has_several()) share_body(exchange);
  return {.answered = decision.answered,
          .known = decision.key != nullptr,
          .for_probes = route != nullptr && route->access == Access::kOpen,
          .max_body_bytes = decision.max_body_bytes,
          .streams_body = decision.is_form};
}

// Whoever sends many bodies, or never ends them, leaves half of the memory for requests to other keys.
void ApiHandler::share_body(http::ServerExchange& exchange) {
  RequestDecision& decision = *decision_;
  const std::uint64_t bytes = announced_bytes(exchange.request, decision);
  if (bytes <= http::kFreeBodyBytes) return;
  const std::size_t most = service_.memory.capacity(MemoryShare::kRequests) / 2;
  if (auto share = decision.key->admit_body(bytes, most)) {
    decision.body_share.emplace(std::move(*share));
    return;
  }
  exchange.response.set_retry_after(std::chrono::seconds(1));
  set_problem(exchange.response, overloaded("requests of one API key"));
  decision.answered = true;
}

http::Task<void> ApiHandler::handle(http::ServerExchange& exchange) {
  exchange_.emplace(Exchange{.service = service_,
                             .client = exchange.client,
                             .request = exchange.request,
                             .target = exchange.target,
                             .route = decision_->match,
                             .options = live_.get().options,
                             .key = decision_->key.get(),
                             .date = exchange.date,
                             .response = exchange.response,
                             .memory = exchange.memory,
                             .answer_memory = exchange.answer_memory,
                             .streamed = exchange.streamed,
                             .body = exchange.body,
                             .body_share = decision_->body_share,
                             .tells_all = decision_->tells_all});
  return dispatch(*exchange_);
}

void ApiHandler::refuse(http::Response& response, const Error& error) {
  set_problem(response, error);
}

void ApiHandler::answered(const http::ServerExchange& exchange, std::chrono::nanoseconds took) {
  const Route* const route = decision_ ? decision_->match.route : nullptr;
  service_.metrics.request_done(route, exchange.request.method, exchange.response.status, took);
  if (log::enabled(log::Level::kDebug)) log_request(exchange, took);
  if (!exchange_ || exchange.client.broken()) return;
  if (exchange_->trace) exchange_->trace->answered(exchange.response.status);
  if (exchange_->repeated) exchange_->repeated->answered();
}

void ApiHandler::end() noexcept {
  exchange_.reset();
  decision_.reset();
}

void ApiHandler::log_request(const http::ServerExchange& exchange, std::chrono::nanoseconds took) const {
  const Route* const route = decision_ ? decision_->match.route : nullptr;
  const std::string_view parent = exchange.request.headers.get("traceparent");
  log::debug("http.request", {{"method", exchange.request.method},
                              {"route", route == nullptr ? std::string_view("unmatched") : route->operation},
                              {"status", exchange.response.status},
                              {"us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()},
                              {"traceparent", is_traceparent(parent) ? parent : std::string_view()}});
}

}  // namespace shunt::api
