#include "admission/cors.hpp"

namespace shunt::api {
namespace {

constexpr std::string_view kReadableHeaders =
    "Location, Retry-After, ETag, Shunt-Generation-Id, Idempotency-Replayed, Preference-Applied, "
    "Accept-Ranges, "
    "Content-Range, Content-Disposition, WWW-Authenticate, Allow, "
    "x-request-id, x-should-retry, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
    "x-ratelimit-reset-requests";
constexpr std::string_view kSendableHeaders =
    "Authorization, Content-Type, Accept, Prefer, Idempotency-Key, Last-Event-ID, Range, If-Range, "
    "If-None-Match, "
    "traceparent, tracestate, Shunt-Executor, "
    // What the clients of other APIs send from a browser.
    "api-key, x-api-key, Cancel-After, OpenAI-Organization, OpenAI-Project, OpenAI-Beta, "
    "X-Stainless-Arch, X-Stainless-Custom-Poll-Interval, X-Stainless-Helper-Method, X-Stainless-Lang, "
    "X-Stainless-OS, X-Stainless-Package-Version, X-Stainless-Poll-Helper, X-Stainless-Retry-Count, "
    "X-Stainless-Runtime, X-Stainless-Runtime-Version, X-Stainless-Timeout";
// Long enough to save most preflights, short enough for a change of the configuration to reach pages that are
// open.
constexpr std::string_view kPreflightSeconds = "600";

void add(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void allow_reading(http::Response& response, std::string_view origin) {
  add(response.sharing, "Vary", "Origin");
  if (origin.empty()) return;
  // It is sent as it came: it was compared with the list, so it has no byte that a header may not hold.
  add(response.sharing, "Access-Control-Allow-Origin", origin);
  add(response.sharing, "Access-Control-Expose-Headers", kReadableHeaders);
}

void allow_sending(http::Response& response, std::string_view methods) {
  if (response.sharing.find("Access-Control-Allow-Origin") == std::string::npos) return;
  add(response.sharing, "Access-Control-Allow-Methods", methods);
  add(response.sharing, "Access-Control-Allow-Headers", kSendableHeaders);
  add(response.sharing, "Access-Control-Max-Age", kPreflightSeconds);
}

}  // namespace shunt::api
