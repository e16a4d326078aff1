#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/http/server/request.hpp"

namespace shunt::api {

// What POST /v1/generations asks for.
struct GenerationBody {
  GenerationRequest request;
  bool stream = false;
  std::optional<Json> webhook;  // as it was sent: only the service knows what it may be
};

struct BodyLimits {
  JsonLimits json{.max_members = 1024};
  std::size_t max_metadata_bytes = 16 * 1024;  // as JSON text
};

[[nodiscard]] BodyLimits body_limits(const HttpServerOptions& options) noexcept;

// Strict: an unknown member, a wrong type and a missing member are refused by name (details.field is a JSON
// pointer). Fills in what headers say: Idempotency-Key, traceparent, tracestate. `caller` stays empty.
[[nodiscard]] Result<GenerationBody> decode_generation_body(const http::Request& request,
                                                            const BodyLimits& limits);

// Idempotency-Key, traceparent and tracestate, where they are sent. Fails on a key that is not usable.
[[nodiscard]] Result<void> read_request_headers(const http::Headers& headers, GenerationRequest& out);

// The optional body of POST .../cancel: {"reason"?: text}.
[[nodiscard]] Result<std::string> decode_cancel_body(std::string_view body, const BodyLimits& limits);

// version "-" trace id "-" parent id "-" flags, as W3C Trace Context has it.
[[nodiscard]] bool is_traceparent(std::string_view text) noexcept;

}  // namespace shunt::api
