#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/http/request_target.hpp"

namespace shunt::api {

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
};

// What is needed where API keys are configured: nothing, any key, or one with the scope. Without keys kAdmin
// is for requests from this machine only.
enum class Access { kOpen, kAnyKey, kGenerate, kMetrics, kStatus, kAdmin };
// Forms (multipart/form-data) are taken piece by piece, while they come.
enum class BodyUse { kNone, kOptional, kRequired, kRequiredOrForm, kForm };
[[nodiscard]] constexpr bool needs_body(BodyUse use) noexcept {
  return use != BodyUse::kNone && use != BodyUse::kOptional;
}
[[nodiscard]] constexpr bool takes_form(BodyUse use) noexcept {
  return use == BodyUse::kRequiredOrForm || use == BodyUse::kForm;
}
[[nodiscard]] constexpr bool takes_json(BodyUse use) noexcept {
  return use != BodyUse::kForm;
}

struct Route {
  RouteId id;
  std::string_view method;  // HEAD goes where GET goes
  std::string_view path;    // "{name}" stands for one segment
  Access access;
  BodyUse body;
  std::string_view operation;  // OpenAPI's operationId, and the route's label in metrics
  std::string_view summary;
};

// The one list of routes: requests are dispatched by it and /openapi.json is generated from it.
[[nodiscard]] std::span<const Route> routes();

struct RouteMatch {
  const Route* route = nullptr;                  // null: see path_known
  std::array<std::string_view, 2> parameters{};  // the {name} segments in order, views into the target
  bool path_known = false;                       // some route has this path, with other methods
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
