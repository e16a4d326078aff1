#include "representation/generation_body.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "representation/problem.hpp"
#include "representation/strict_body.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_object_reader.hpp"
#include "shunt/tracing/trace_context.hpp"

namespace shunt::api {
namespace {

constexpr std::size_t kMaxIdempotencyKeyBytes = 255;
constexpr std::size_t kMaxTracestateBytes = 4096;
// A reason is a sentence; it is kept with the generation and shown in lists.
constexpr std::size_t kMaxReasonBytes = 1024;

using Presence = JsonObjectReader::Presence;

Result<void> read_timeout(JsonObjectReader& options, GenerationRequest::Options& out) {
  const Json* const value = options.find("timeout_ms");
  if (value == nullptr) return {};
  if (!value->is_int64() || value->get_int64() <= 0) {
    return invalid_field("/options/timeout_ms", "\"options/timeout_ms\" must be a whole number of at least 1")
        .with("received", *value);
  }
  out.timeout = std::chrono::milliseconds(value->get_int64());
  return {};
}

// It comes back with every record, a hundred in a page.
Result<void> check_metadata(const JsonObject& metadata, std::size_t limit) {
  if (metadata.empty()) return {};
  const std::size_t bytes = to_json_text(metadata).size();
  if (bytes <= limit) return {};
  return invalid_field("/options/metadata", "\"options/metadata\" may have at most " + std::to_string(limit) +
                                                " bytes as JSON, got " + std::to_string(bytes))
      .with("limit", limit)
      .with("received", bytes);
}

Result<void> read_options(JsonObject object, GenerationRequest::Options& out,
                          std::size_t max_metadata_bytes) {
  if (auto known = only_known(object, "/options", {"timeout_ms", "metadata"}); !known) return known;
  JsonObjectReader options(std::move(object), "/options", wrong_member);
  if (auto read = read_timeout(options, out); !read) return read;
  out.metadata = options.object("metadata", Presence::kOptional);
  if (options.problem()) return *options.problem();
  return check_metadata(out.metadata, max_metadata_bytes);
}

Result<void> read_context(JsonObject object, GenerationRequest::Context& out) {
  if (auto known = only_known(object, "/context", {"tenant", "baggage"}); !known) return known;
  JsonObjectReader context(std::move(object), "/context", wrong_member);
  out.tenant = context.text("tenant", Presence::kOptional);
  out.baggage = context.object("baggage", Presence::kOptional);
  if (context.problem()) return *context.problem();
  for (const auto& [key, value] : out.baggage) {
    if (!value.is_string()) return wrong_type("/context/baggage/" + std::string(key), "a string", value);
  }
  return {};
}

Result<void> read_body(JsonObject object, GenerationBody& out, std::size_t max_metadata_bytes) {
  if (auto known = only_known(object, "", {"model", "input", "options", "stream", "context", "webhook"});
      !known)
    return known;
  JsonObjectReader body(std::move(object), "", wrong_member);
  out.request.model = body.text("model", Presence::kOptional);
  if (body.problem()) return *body.problem();
  if (out.request.model.empty())
    return invalid_field("/model", R"("model" is missing: name one of GET /v1/models)");
  out.request.input = body.object("input", Presence::kOptional);
  JsonObject options = body.object("options", Presence::kOptional);
  if (body.problem()) return *body.problem();
  if (auto read = read_options(std::move(options), out.request.options, max_metadata_bytes); !read)
    return read;
  JsonObject context = body.object("context", Presence::kOptional);
  if (body.problem()) return *body.problem();
  if (auto read = read_context(std::move(context), out.request.context); !read) return read;
  if (body.find("webhook") != nullptr) out.webhook = body.any("webhook");
  out.stream = body.boolean("stream", Presence::kOptional).value_or(false);
  if (body.problem()) return *body.problem();
  return {};
}

}  // namespace

Result<void> read_request_headers(const http::Headers& headers, GenerationRequest& out) {
  out.idempotency_key = headers.get("Idempotency-Key");
  const bool printable = std::all_of(out.idempotency_key.begin(), out.idempotency_key.end(),
                                     [](char c) { return c >= 0x20 && c < 0x7f; });
  const bool empty = out.idempotency_key.empty() && headers.has("Idempotency-Key");
  if (empty || !printable || out.idempotency_key.size() > kMaxIdempotencyKeyBytes) {
    return Error{problem_code::kInvalidHeader,
                 "Idempotency-Key must have 1 to 255 printable ASCII characters"}
        .with("header", std::string("Idempotency-Key"))
        .with("limit", kMaxIdempotencyKeyBytes);
  }
  // A broken trace context is dropped, not refused: tracing must never fail a request.
  const std::string_view parent = headers.get("traceparent");
  if (!is_traceparent(parent)) return {};
  out.context.traceparent = parent;
  const std::string state = headers.joined("tracestate");
  if (state.size() <= kMaxTracestateBytes && is_valid_utf8(state)) out.context.tracestate = state;
  return {};
}

BodyLimits body_limits(const HttpServerOptions& options) noexcept {
  return {.json = {.max_depth = options.max_json_depth, .max_members = options.max_json_members},
          .max_metadata_bytes = options.max_metadata_bytes};
}

Result<GenerationBody> decode_generation_body(const http::Request& request, const BodyLimits& limits) {
  auto body = parse_object(request.body, limits.json);
  if (!body) return std::move(body).error();
  GenerationBody decoded;
  if (auto read = read_body(std::move(*body), decoded, limits.max_metadata_bytes); !read)
    return std::move(read).error();
  if (auto read = read_request_headers(request.headers, decoded.request); !read)
    return std::move(read).error();
  return decoded;
}

Result<std::string> decode_cancel_body(std::string_view body, const BodyLimits& limits) {
  std::string reason = "cancelled by request";
  if (body.empty()) return reason;
  auto object = parse_object(body, limits.json);
  if (!object) return std::move(object).error();
  if (auto known = only_known(*object, "", {"reason"}); !known) return std::move(known).error();
  JsonObjectReader members(std::move(*object), "", wrong_member);
  if (members.find("reason") != nullptr) reason = members.text("reason");
  if (members.problem()) return *members.problem();
  if (reason.size() > kMaxReasonBytes) {
    return invalid_field("/reason", "\"reason\" may have at most " + std::to_string(kMaxReasonBytes) +
                                        " bytes, got " + std::to_string(reason.size()))
        .with("limit", kMaxReasonBytes)
        .with("received", reason.size());
  }
  return reason;
}

bool is_traceparent(std::string_view text) noexcept {
  return tracing::parse_traceparent(text).has_value();
}

}  // namespace shunt::api
