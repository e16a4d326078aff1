#include "surface/route_table.hpp"

#include <deque>
#include <optional>
#include <vector>

#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

constexpr auto kOwnRoutes = std::to_array<Route>({
    {RouteId::kCreateGeneration, "POST", "/v1/generations", Access::kGenerate, BodyUse::kRequiredOrForm,
     "createGeneration", "Run a generation and answer with its result"},
    {RouteId::kGetGeneration, "GET", "/v1/generations/{id}", Access::kGenerate, BodyUse::kNone,
     "getGeneration", "Get a generation as it stands"},
    {RouteId::kListGenerations, "GET", "/v1/generations", Access::kGenerate, BodyUse::kNone,
     "listGenerations", "List generations, newest first"},
    {RouteId::kCancelGeneration, "POST", "/v1/generations/{id}/cancel", Access::kGenerate, BodyUse::kOptional,
     "cancelGeneration", "Ask a generation to stop"},
    {RouteId::kRetryGeneration, "POST", "/v1/generations/{id}/retry", Access::kGenerate, BodyUse::kNone,
     "retryGeneration", "Run an ended generation's request again, as a new generation"},
    {RouteId::kRemoveGeneration, "DELETE", "/v1/generations/{id}", Access::kGenerate, BodyUse::kNone,
     "removeGeneration", "Forget an ended generation"},
    {RouteId::kStreamEvents, "GET", "/v1/generations/{id}/events", Access::kGenerate, BodyUse::kNone,
     "streamEvents", "Follow a generation's events (server-sent events)"},
    {RouteId::kGetArtifact, "GET", "/v1/generations/{id}/artifacts/{name}", Access::kGenerate, BodyUse::kNone,
     "getArtifact", "Get an artifact's bytes"},
    {RouteId::kCreateFile, "POST", "/v1/files", Access::kGenerate, BodyUse::kForm, "createFile",
     "Upload a file"},
    {RouteId::kListFiles, "GET", "/v1/files", Access::kGenerate, BodyUse::kNone, "listFiles",
     "List one's files, newest first"},
    {RouteId::kGetFile, "GET", "/v1/files/{id}", Access::kGenerate, BodyUse::kNone, "getFile",
     "What is known of a file"},
    {RouteId::kGetFileContent, "GET", "/v1/files/{id}/content", Access::kGenerate, BodyUse::kNone,
     "getFileContent", "Get a file's bytes"},
    {RouteId::kRemoveFile, "DELETE", "/v1/files/{id}", Access::kGenerate, BodyUse::kNone, "removeFile",
     "Remove a file"},
    {RouteId::kListModels, "GET", "/v1/models", Access::kAnyKey, BodyUse::kNone, "listModels",
     "List the models of this server"},
    {RouteId::kGetModel, "GET", "/v1/models/{model}", Access::kAnyKey, BodyUse::kNone, "getModel",
     "Get a model, and what its input may be"},
    {RouteId::kHealth, "GET", "/healthz", Access::kOpen, BodyUse::kNone, "health",
     "Whether the process is alive"},
    {RouteId::kReady, "GET", "/readyz", Access::kOpen, BodyUse::kNone, "ready",
     "Whether the server takes new generations"},
    {RouteId::kMetrics, "GET", "/metrics", Access::kMetrics, BodyUse::kNone, "metrics",
     "Metrics in Prometheus text format"},
    {RouteId::kStatus, "GET", "/admin/status", Access::kStatus, BodyUse::kNone, "status",
     "The service in one document: strategy, Redis, workers, backlog"},
    {RouteId::kReload, "POST", "/admin/reload", Access::kAdmin, BodyUse::kNone, "reload",
     "Read the configuration again, all or nothing"},
    {RouteId::kReloadPreview, "GET", "/admin/reload", Access::kAdmin, BodyUse::kNone, "reloadPreview",
     "What that would change, and what waits for a restart"},
    {RouteId::kFlipStatus, "GET", "/admin/flip", Access::kAdmin, BodyUse::kNone, "flipStatus",
     "Where the flip is, why, and what happens next"},
    {RouteId::kFlipStart, "POST", "/admin/flip/start", Access::kAdmin, BodyUse::kOptional, "flipStart",
     "Begin a rollout"},
    {RouteId::kFlipPromote, "POST", "/admin/flip/promote", Access::kAdmin, BodyUse::kOptional, "flipPromote",
     "One step up"},
    {RouteId::kFlipHold, "POST", "/admin/flip/hold", Access::kAdmin, BodyUse::kOptional, "flipHold",
     "Keep the weight until a person has looked"},
    {RouteId::kFlipResume, "POST", "/admin/flip/resume", Access::kAdmin, BodyUse::kOptional, "flipResume",
     "On from where it was held"},
    {RouteId::kFlipBack, "POST", "/admin/flip/back", Access::kAdmin, BodyUse::kOptional, "flipBack",
     "One step of the canary down"},
    {RouteId::kFlipAbort, "POST", "/admin/flip/abort", Access::kAdmin, BodyUse::kOptional, "flipAbort",
     "Weight 0 at once"},
    {RouteId::kFlipForce, "POST", "/admin/flip/force", Access::kAdmin, BodyUse::kRequired, "flipForce",
     "Everything to one executor, whatever the rollout says"},
    {RouteId::kFlipRelease, "POST", "/admin/flip/release", Access::kAdmin, BodyUse::kOptional, "flipRelease",
     "The end of a force"},
    {RouteId::kFlipPreflight, "GET", "/admin/flip/preflight", Access::kAdmin, BodyUse::kNone, "flipPreflight",
     "Whether the fleet may go up, row by row"},
    {RouteId::kFlipPreflightOfPlan, "POST", "/admin/flip/preflight", Access::kAdmin, BodyUse::kOptional,
     "flipPreflightOfPlan", "The same for a plan that has not been started"},
    {RouteId::kFlipDrain, "GET", "/admin/flip/drain", Access::kAdmin, BodyUse::kNone, "flipDrain",
     "What is still in the queue, and whether Redis may go"},
    {RouteId::kFlipLog, "GET", "/admin/flip/log", Access::kAdmin, BodyUse::kNone, "flipLog",
     "Who did what, when and why"},
    {RouteId::kFlipVerifyLog, "GET", "/admin/flip/log/verify", Access::kAdmin, BodyUse::kNone,
     "flipVerifyLog", "Whether the log is whole and unchanged"},
    {RouteId::kFlipShadow, "GET", "/admin/flip/shadow", Access::kAdmin, BodyUse::kNone, "flipShadow",
     "How copies in the shadow compare with what callers got"},
    {RouteId::kListDeliveries, "GET", "/admin/webhooks", Access::kAdmin, BodyUse::kNone, "listDeliveries",
     "Deliveries of webhooks, newest first"},
    {RouteId::kGetDelivery, "GET", "/admin/webhooks/{delivery}", Access::kAdmin, BodyUse::kNone,
     "getDelivery", "A delivery and its attempts"},
    {RouteId::kRedeliver, "POST", "/admin/webhooks/{delivery}/redeliver", Access::kAdmin, BodyUse::kNone,
     "redeliver", "Deliver an ended delivery's message again"},
    {RouteId::kTestWebhook, "POST", "/admin/webhooks/test", Access::kAdmin, BodyUse::kRequired, "testWebhook",
     "Send one message that tells of nothing"},
    {RouteId::kOpenApi, "GET", "/openapi.json", Access::kAnyKey, BodyUse::kNone, "openApi",
     "This description"},
    {RouteId::kRoot, "GET", "/", Access::kOpen, BodyUse::kNone, "root", "Where things are"},
});

constexpr std::string_view kOwnPrefix = "/v1";

BodyUse body_of(const dialects::Endpoint& endpoint) {
  if (const auto* const run = std::get_if<dialects::endpoint::Run>(&endpoint)) return run->body;
  if (const auto* const tell = std::get_if<dialects::endpoint::Tell>(&endpoint)) return tell->body;
  if (std::holds_alternative<dialects::endpoint::UploadFile>(endpoint)) return BodyUse::kForm;
  if (const auto* const batches = std::get_if<dialects::endpoint::Batches>(&endpoint)) {
    if (*batches == dialects::endpoint::Batches::kCreate) return BodyUse::kRequired;
    return *batches == dialects::endpoint::Batches::kCancel ? BodyUse::kOptional : BodyUse::kNone;
  }
  return std::holds_alternative<dialects::endpoint::Cancel>(endpoint) ? BodyUse::kOptional : BodyUse::kNone;
}

Access access_of(const dialects::Row& row) {
  if (row.opened_by == dialects::OpenedBy::kToken) return Access::kToken;
  return std::holds_alternative<dialects::endpoint::Tell>(row.endpoint) ? Access::kAnyKey : Access::kGenerate;
}

// Ours first: they are found first.
class RouteTable {
 public:
  RouteTable() : routes_(kOwnRoutes.begin(), kOwnRoutes.end()) {
    for (const dialects::Dialect& dialect : dialects::all()) add(dialect);
  }
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;
  [[nodiscard]] std::span<const Route> routes() const noexcept { return routes_; }

 private:
  void add(const dialects::Dialect& dialect) {
    for (const std::string_view prefix : dialect.prefixes) {
      for (const std::string_view shared : dialect.shared) share(dialect, prefix, shared);
      for (const dialects::Row& row : dialect.rows) {
        routes_.push_back({.id = RouteId::kDialect,
                           .method = row.method,
                           .path = paths_.emplace_back(std::string(prefix).append(row.path)),
                           .access = access_of(row),
                           .body = body_of(row.endpoint),
                           .operation = row.operation,
                           .summary = row.summary,
                           .endpoint = &row.endpoint,
                           .write_error = dialect.write_error});
      }
    }
  }

  // Our own routes below a path: those that are there tell errors in both forms, and behind a prefix of the
  // dialect's own they are there once more.
  void share(const dialects::Dialect& dialect, std::string_view prefix, std::string_view path) {
    for (std::size_t i = 0; i < kOwnRoutes.size(); ++i) {
      const Route& own = kOwnRoutes.at(i);
      if (!own.path.starts_with(std::string(kOwnPrefix).append(path))) continue;
      if (prefix == kOwnPrefix) {
        routes_[i].write_error = dialect.write_shared_error;
        continue;
      }
      Route& again = routes_.emplace_back(own);
      again.path = paths_.emplace_back(std::string(prefix).append(own.path.substr(kOwnPrefix.size())));
      again.write_error = dialect.write_error;
      again.is_alias = true;
    }
  }

  std::deque<std::string> paths_{};
  std::vector<Route> routes_;
};

// The {name} segments if `pattern` fits.
std::optional<PathParameters> match_path(std::string_view pattern, const http::RequestTarget& target) {
  PathParameters parameters{};
  std::size_t parameter = 0;
  std::size_t index = 0;
  pattern.remove_prefix(1);
  if (pattern.empty()) {
    if (target.size() == 1 && target.segment(0).empty()) return parameters;
    return std::nullopt;
  }
  while (!pattern.empty()) {
    const std::string_view expected = http::take_until(pattern, '/');
    if (index == target.size()) return std::nullopt;
    const std::string_view segment = target.segment(index++);
    if (!expected.starts_with('{')) {
      if (segment != expected) return std::nullopt;
    } else if (segment.empty()) {
      return std::nullopt;
    } else {
      parameters.at(parameter++) = segment;
    }
  }
  if (index != target.size()) return std::nullopt;
  return parameters;
}

}  // namespace

std::span<const Route> routes() {
  static const RouteTable table;
  return table.routes();
}

RouteMatch match_route(std::string_view method, const http::RequestTarget& target, Surface surface) {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  RouteMatch match;
  for (const Route& route : routes()) {
    if (!is_on(surface, route.id)) continue;
    const auto parameters = match_path(route.path, target);
    if (!parameters) continue;
    match.path_known = true;
    match.write_error = route.write_error;
    if (route.method != wanted) continue;
    match.route = &route;
    match.parameters = *parameters;
    break;
  }
  if (!match.path_known && surface == Surface::kAll) match.write_error = dialects::errors_below(target);
  return match;
}

std::string allowed_methods(const http::RequestTarget& target, Surface surface) {
  std::string allowed;
  for (const Route& route : routes()) {
    if (!is_on(surface, route.id)) continue;
    if (!target.asterisk() && !match_path(route.path, target)) continue;
    if (allowed.find(route.method) == std::string::npos) allowed.append(route.method).append(", ");
    if (route.method == "GET" && allowed.find("HEAD") == std::string::npos) allowed += "HEAD, ";
  }
  return allowed + "OPTIONS";
}

}  // namespace shunt::api
