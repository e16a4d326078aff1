#include "admission/request_check.hpp"

#include <array>

#include "admission/cors.hpp"
#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/http/ascii.hpp"
#include "shunt/http/media_type.hpp"

namespace shunt::api {
namespace {

namespace pc = problem_code;

// What a form has beside its parts' bytes: boundaries and headers.
constexpr std::size_t kFormBytes = 64 * 1024;

Error refusal(ErrorCode code, std::string message) {
  return {code, std::move(message)};
}

// Framing and fields that must be right whatever the route.
std::optional<Error> check_fields(const http::Request& request) {
  const http::Headers& headers = request.headers;
  if (const std::size_t hosts = headers.count("Host"); hosts > 1 || (request.http11 && hosts == 0)) {
    return refusal(pc::kMalformedRequest, "an HTTP/1.1 request has exactly one Host header");
  }
  const std::string_view encoding = headers.get("Transfer-Encoding");
  if (!encoding.empty() && !request.http11) {
    return refusal(pc::kMalformedRequest, "HTTP/1.0 has no Transfer-Encoding");
  }
  if (headers.has("Transfer-Encoding") && !http::equals_ignoring_case(encoding, "chunked")) {
    return refusal(pc::kTransferEncodingUnsupported, "the only Transfer-Encoding understood is chunked");
  }
  constexpr auto kSingle = std::to_array<std::string_view>(
      {"Authorization", "api-key", "x-api-key", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Range",
       "If-Range", "traceparent", "Origin", "Sec-Fetch-Site", "Shunt-Executor"});
  for (const std::string_view name : kSingle) {
    if (headers.count(name) < 2) continue;
    return refusal(pc::kInvalidHeader, std::string(name) + " may be sent once only")
        .with("header", std::string(name));
  }
  const std::string_view expect = request.http11 ? headers.get("Expect") : std::string_view();
  if (!expect.empty() && !http::equals_ignoring_case(expect, "100-continue")) {
    return refusal(pc::kExpectationFailed, "the only expectation understood is 100-continue");
  }
  return std::nullopt;
}

std::optional<std::string_view> value_of(const http::Headers& headers, std::string_view name) {
  if (!headers.has(name)) return std::nullopt;
  return headers.get(name);
}

// Whether the request may come from where it comes from, and what is told to the browser about that.
std::optional<Error> check_boundary(const WebBoundary& boundary, LetIn& let_in, const http::Request& request,
                                    const http::RequestTarget& target, http::Response& response) {
  WebRequest web{.host = target.authority(),
                 .origin = value_of(request.headers, "Origin"),
                 .fetch_site = value_of(request.headers, "Sec-Fetch-Site")};
  if (!web.host) web.host = value_of(request.headers, "Host");
  if (boundary.shares())
    allow_reading(response, web.origin && boundary.shares_with(*web.origin) ? *web.origin : "");
  const bool by_host_alone = web.host && !web.origin && !web.fetch_site;
  if (by_host_alone && let_in.boundary == &boundary && let_in.host == *web.host) return std::nullopt;
  auto refused = boundary.refusal(web);
  if (by_host_alone && !refused) let_in = {std::string(*web.host), &boundary};
  return refused;
}

// True: go on to the route.
bool check_route(RequestDecision& decision, Surface surface, const http::Request& request,
                 const http::RequestTarget& target, http::Response& response) {
  if (decision.match.route != nullptr) return true;
  const bool known = decision.match.path_known || target.asterisk();
  if (known && request.method == "OPTIONS") {
    response.status = 204;
    const std::string allowed = allowed_methods(target, surface);
    response.add_header("Allow", allowed);
    // A preflight carries no key, since it asks whether one may be sent.
    if (request.headers.has("Access-Control-Request-Method")) allow_sending(response, allowed);
  } else if (known) {
    const std::string allowed = allowed_methods(target, surface);
    set_problem(response, refusal(pc::kMethodNotAllowed,
                                  excerpt(request.method) + " is not allowed here, but " + allowed));
    response.add_header("Allow", allowed);
  } else {
    set_problem(response,
                refusal(pc::kRouteUnknown, surface == Surface::kAll
                                               ? "there is no such path; GET /openapi.json lists them"
                                               : "this process only answers /healthz, /readyz and "
                                                 "/metrics"));
  }
  return false;
}

// What OpenAI's clients look at to keep below a limit.
void add_rate(http::Response& response, const Key::Rate& rate) {
  response.add_header("x-ratelimit-limit-requests", std::to_string(rate.limit));
  response.add_header("x-ratelimit-remaining-requests", std::to_string(rate.remaining));
  response.add_header("x-ratelimit-reset-requests", std::to_string(rate.full_in.count()) + "ms");
}

bool check_limits(RequestDecision& decision, http::Response& response, SteadyTime now) {
  Key::LeaseOutcome outcome = decision.key->admit(now);
  if (auto* const lease = std::get_if<Key::Lease>(&outcome)) {
    if (decision.match.write_error != nullptr && lease->rate()) add_rate(response, *lease->rate());
    decision.lease.emplace(std::move(*lease));
    return true;
  }
  if (const auto* const limited = std::get_if<Key::RateLimited>(&outcome)) {
    Error error = refusal(pc::kRateLimited, "this key may send " +
                                                std::to_string(decision.key->config().requests_per_second) +
                                                " requests a second");
    error.retryable = Retryable::kYes;
    set_problem(response, std::move(error).with("limit", decision.key->config().requests_per_second));
    response.set_retry_after(limited->retry_after);
  } else {
    const std::size_t limit = std::get<Key::TooManyConcurrent>(outcome).limit;
    Error error = refusal(pc::kTooManyConcurrent,
                          "this key may have " + std::to_string(limit) + " requests under way at once");
    error.retryable = Retryable::kYes;
    set_problem(response, std::move(error).with("limit", limit));
    response.set_retry_after(std::chrono::seconds(1));
  }
  return false;
}

std::optional<Scope> scope_of(Access access) {
  switch (access) {
    case Access::kGenerate:
      return Scope::kGenerate;
    case Access::kMetrics:
      return Scope::kMetrics;
    case Access::kStatus:
      return Scope::kStatus;
    case Access::kAdmin:
      return Scope::kAdmin;
    case Access::kOpen:
    case Access::kAnyKey:
    case Access::kToken:
      break;
  }
  return std::nullopt;
}

Error scope_missing(const Key& key, Scope scope) {
  const std::string name(scope_name(scope));
  const std::string or_admin = scope == Scope::kStatus ? R"( (nor "admin"))" : "";
  return refusal(pc::kScopeMissing, "the key \"" + key.config().name + "\" does not have the scope \"" +
                                        name + '"' + or_admin + ", which this needs (server.keys: scopes)")
      .with("scope", name);
}

// Nothing is looked up before this, so that nobody learns anything by guessing.
bool check_token(const RouteMatch& match, const UrlSigner& urls, const http::RequestTarget& target,
                 http::Response& response) {
  const auto parameters = http::parse_query(target.query());
  std::string_view token;
  std::size_t tokens = 0;
  if (parameters) {
    for (const auto& [name, value] : *parameters) {
      if (name != "token") continue;
      token = value;
      ++tokens;
    }
  }
  const std::string subject = dialects::subject_of(match.parameters);
  if (tokens == 1 && urls.allows(token, match.route->operation, subject, system_clock().now())) return true;
  set_problem(response,
              refusal(pc::kUnauthorized,
                      "this URL is opened by a token of its own, which is missing, expired or for something "
                      "else: take the URL as an answer of the API has it"));
  return false;
}

bool check_key(RequestDecision& decision, const KeyRing& keys, const http::Request& request,
               http::Response& response, SteadyTime now) {
  if (!keys.required()) return true;
  decision.key = keys.find(request.headers);
  if (decision.match.route->access == Access::kOpen) {
    // Probes have no key; who shows one that may read the status gets more than they need.
    decision.tells_all = decision.key != nullptr && decision.key->has(Scope::kStatus);
    decision.key = nullptr;
    return true;
  }
  if (decision.key != nullptr) {
    const auto scope = scope_of(decision.match.route->access);
    if (!scope || decision.key->has(*scope)) return check_limits(decision, response, now);
    set_problem(response, scope_missing(*decision.key, *scope));
    return false;
  }
  const auto has = [&](std::string_view name) { return request.headers.has(name); };
  const bool sent = has("Authorization") || has("api-key") || has("x-api-key");
  set_problem(response, refusal(pc::kUnauthorized, sent ? "the API key is not known here"
                                                        : "send an API key: Authorization: Bearer <key>"));
  response.add_header("WWW-Authenticate",
                      sent ? R"(Bearer realm="shunt", error="invalid_token")" : R"(Bearer realm="shunt")");
  return false;
}

Error media_type_missing() {
  return refusal(pc::kUnsupportedMediaType,
                 "say what the body is: Content-Type: application/json. Without API keys a body without a "
                 "media type is "
                 "refused, since any web page can send one")
      .with("received", std::string());
}

std::optional<Error> check_body(const RequestDecision& decision, const http::Request& request, bool keys) {
  const bool required = needs_body(decision.match.route->body);
  if (required && !request.chunked && !request.content_length) {
    return refusal(pc::kLengthRequired, "this route needs a body: send Content-Length or a chunked body");
  }
  const bool any_type = decision.match.route->body == BodyUse::kText;
  if (decision.match.route->body != BodyUse::kNone && !any_type && request.has_body()) {
    const std::string_view type = request.headers.get("Content-Type");
    if (type.empty() && takes_json(decision.match.route->body) && !keys) return media_type_missing();
    if (type.empty() && !takes_json(decision.match.route->body)) {
      return refusal(pc::kUnsupportedMediaType, "send a form with Content-Type: multipart/form-data");
    }
    if (!type.empty() && !decision.is_form &&
        !(http::is_json(type) && takes_json(decision.match.route->body))) {
      return refusal(pc::kUnsupportedMediaType, takes_json(decision.match.route->body)
                                                    ? "send JSON with Content-Type: application/json"
                                                    : "send a form with Content-Type: multipart/form-data")
          .with("received", excerpt(http::essence(type)));
    }
    const std::string_view coding = request.headers.get("Content-Encoding");
    if (!coding.empty() && !http::equals_ignoring_case(coding, "identity")) {
      return refusal(pc::kUnsupportedMediaType, "send the body without Content-Encoding")
          .with("received", excerpt(coding));
    }
  }
  if (request.content_length.value_or(0) > decision.max_body_bytes) {
    return http::body_too_large(decision.max_body_bytes)
        .with("received", static_cast<std::uint64_t>(request.content_length.value_or(0)));
  }
  return std::nullopt;
}

}  // namespace

void check_request(RequestDecision& decision, Surface surface, const LiveSettings& live,
                   const UrlSigner& urls, LetIn& let_in, const http::Request& request,
                   http::RequestTarget& target, http::Response& response, SteadyTime now) {
  decision.answered = true;
  const auto refuse = [&](const Error& error) { set_problem(response, error); };
  if (const auto error = check_fields(request)) return refuse(*error);
  if (const auto parsed = target.parse(request.target); !parsed) return refuse(parsed.error());
  decision.match = match_route(request.method, target, surface);
  response.write_error = decision.match.write_error;
  // Such clients tell their users the id of what went wrong; a generation's own takes its place.
  if (response.write_error != nullptr) response.set_header(kRequestIdHeader, random_name());
  if (const auto error = check_boundary(live.boundary, let_in, request, target, response))
    return refuse(*error);
  if (!check_route(decision, surface, request, target, response)) return;
  if (decision.match.route->access == Access::kToken) {
    if (!check_token(decision.match, urls, target, response)) return;
  } else if (!check_key(decision, live.keys, request, response, now)) {
    return;
  }
  decision.max_body_bytes = live.options.max_body_bytes;
  if (decision.key != nullptr && decision.key->config().max_body_bytes > 0) {
    decision.max_body_bytes = decision.key->config().max_body_bytes;
  }
  decision.is_form =
      takes_form(decision.match.route->body) &&
      http::equals_ignoring_case(http::essence(request.headers.get("Content-Type")), "multipart/form-data");
  // The parts have limits of their own.
  if (decision.is_form) {
    const std::size_t files = takes_json(decision.match.route->body) ? kMaxInputFiles : 1;
    decision.max_body_bytes += files * live.options.files.max_bytes + kFormBytes;
  }
  if (const auto error = check_body(decision, request, live.keys.required())) return refuse(*error);
  decision.answered = false;
}

}  // namespace shunt::api
