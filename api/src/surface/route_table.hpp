#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "dialects/dialect.hpp"
#include "representation/body_use.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/request_target.hpp"
#include "shunt/http/server/response.hpp"

namespace shunt::api {

// What other APIs' clients know a request by.
inline constexpr std::string_view kRequestIdHeader = "x-request-id";

enum class RouteId {
  kCreateGeneration,
  kListGenerations,
  kGetGeneration,
  kCancelGeneration,
  kRetryGeneration,
  kRemoveGeneration,
  kStreamEvents,
  kGetArtifact,
  kCreateFile,
  kListFiles,
  kGetFile,
  kGetFileContent,
  kRemoveFile,
  kListModels,
  kGetModel,
  kHealth,
  kReady,
  kMetrics,
  kStatus,
  kReload,
  kReloadPreview,
  kFlipStatus,
  kFlipStart,
  kFlipPromote,
  kFlipHold,
  kFlipResume,
  kFlipBack,
  kFlipAbort,
  kFlipForce,
  kFlipRelease,
  kFlipPreflight,
  kFlipPreflightOfPlan,
  kFlipDrain,
  kFlipLog,
  kFlipVerifyLog,
  kFlipShadow,
  kListDeliveries,
  kGetDelivery,
  kRedeliver,
  kTestWebhook,
  kOpenApi,
  kRoot,
  kDialect,  // one of another API: its endpoint says what it does
};

// What is needed where API keys are configured: nothing, any key, or one with the scope. Without keys kAdmin
// is for requests from this machine only. kToken: no key, but a token in the URL for just this
// (representation/url_signer.hpp), also where there are no keys.
enum class Access { kOpen, kAnyKey, kGenerate, kMetrics, kStatus, kAdmin, kToken };
// The {name} segments of a path.
using PathParameters = std::array<std::string_view, 3>;

struct Route {
  RouteId id;
  std::string_view method;  // HEAD goes where GET goes
  std::string_view path;    // "{name}" stands for one segment
  Access access;
  BodyUse body;
  std::string_view operation;  // OpenAPI's operationId, and the route's label in metrics
  std::string_view summary;
  const dialects::Endpoint* endpoint = nullptr;  // of kDialect
  http::ErrorWriter write_error = nullptr;       // nullptr: problem documents
  bool is_alias = false;                         // of one of ours, below another API's prefix

  // Whether it is part of our own API, as we describe it.
  [[nodiscard]] bool is_own() const noexcept { return endpoint == nullptr && !is_alias; }
};

// The one list of routes: requests are dispatched by it, and /openapi.json is generated from it without those
// of other APIs, which their own pages describe.
[[nodiscard]] std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;             // null: see path_known
  PathParameters parameters{};              // in order, views into the target
  bool path_known = false;                  // some route has this path, with other methods
  http::ErrorWriter write_error = nullptr;  // the form of what is wrong
};

// Which routes a server has: all, or those that tell how the process is.
enum class Surface { kAll, kProbes };
[[nodiscard]] constexpr bool is_on(Surface surface, RouteId id) noexcept {
  return surface == Surface::kAll || id == RouteId::kHealth || id == RouteId::kReady ||
         id == RouteId::kMetrics || id == RouteId::kRoot;
}

[[nodiscard]] RouteMatch match_route(std::string_view method, const http::RequestTarget& target,
                                     Surface surface = Surface::kAll);

// "GET, HEAD, OPTIONS": what Allow says of a path that is known.
[[nodiscard]] std::string allowed_methods(const http::RequestTarget& target, Surface surface = Surface::kAll);

}  // namespace shunt::api
