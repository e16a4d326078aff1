#include "representation/generation_body.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>

#include "representation/problem.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json.hpp"
#include "shunt/tracing/trace_context.hpp"

namespace shunt::api {
namespace {

constexpr std::size_t kMaxIdempotencyKeyBytes = 255;
constexpr std::size_t kMaxTracestateBytes = 4096;
// A reason is a sentence; it is kept with the generation and shown in lists.
constexpr std::size_t kMaxReasonBytes = 1024;

std::string_view kind_name(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "an array";
    case boost::json::kind::object:
      return "an object";
  }
  return "something else";
}

std::string named(std::string_view pointer) {
  return pointer.empty() ? std::string("the body") : '"' + excerpt(pointer.substr(1)) + '"';
}

Error wrong_type(std::string_view pointer, std::string_view expected, const Json& got) {
  return invalid_field(pointer, named(pointer) + " must be " + std::string(expected) + ", got " +
                                    std::string(kind_name(got)))
      .with("received", std::string(kind_name(got)));
}

// Refuses the first member of `object` that is not in `known`.
Result<void> only_known(const JsonObject& object, std::string_view pointer,
                        std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : object) {
    const std::string_view name(key);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string list;
    for (const std::string_view allowed : known) list.append(list.empty() ? "" : ", ").append(allowed);
    const std::string where = std::string(pointer) + '/' + std::string(name);
    return invalid_field(where, "unknown member " + named(where) + "; known here: " + list,
                         problem_code::kUnknownField);
  }
  return {};
}

// Each reader leaves `out` alone when the member is absent.
Result<void> read_string(const JsonObject& object, std::string_view parent, std::string_view name,
                         std::string& out) {
  const Json* const value = object.if_contains(name);
  if (value == nullptr) return {};
  const std::string pointer = std::string(parent) + '/' + std::string(name);
  if (!value->is_string()) return wrong_type(pointer, "a string", *value);
  out.assign(value->get_string().data(), value->get_string().size());
  return {};
}

Result<void> read_object(JsonObject& object, std::string_view parent, std::string_view name,
                         JsonObject& out) {
  Json* const value = object.if_contains(name);
  if (value == nullptr) return {};
  const std::string pointer = std::string(parent) + '/' + std::string(name);
  if (!value->is_object()) return wrong_type(pointer, "an object", *value);
  out = std::move(value->get_object());
  return {};
}

Result<void> read_timeout(const JsonObject& options, GenerationRequest::Options& out) {
  const Json* const value = options.if_contains("timeout_ms");
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

Result<void> read_options(JsonObject& body, GenerationRequest::Options& out, std::size_t max_metadata_bytes) {
  JsonObject options;
  if (auto read = read_object(body, "", "options", options); !read) return read;
  if (auto known = only_known(options, "/options", {"timeout_ms", "metadata"}); !known) return known;
  if (auto read = read_timeout(options, out); !read) return read;
  if (auto read = read_object(options, "/options", "metadata", out.metadata); !read) return read;
  return check_metadata(out.metadata, max_metadata_bytes);
}

Result<void> read_context(JsonObject& body, GenerationRequest::Context& out) {
  JsonObject context;
  if (auto read = read_object(body, "", "context", context); !read) return read;
  if (auto known = only_known(context, "/context", {"tenant", "baggage"}); !known) return known;
  if (auto read = read_string(context, "/context", "tenant", out.tenant); !read) return read;
  if (auto read = read_object(context, "/context", "baggage", out.baggage); !read) return read;
  for (const auto& [key, value] : out.baggage) {
    if (!value.is_string()) return wrong_type("/context/baggage/" + std::string(key), "a string", value);
  }
  return {};
}

Result<JsonObject> parse_object(std::string_view text, const JsonLimits& limits) {
  auto parsed = parse_json(text, limits);
  if (!parsed) return std::move(parsed).error();
  if (!parsed->is_object()) return wrong_type("", "an object", *parsed);
  return std::move(parsed->get_object());
}

Result<void> read_model(const JsonObject& body, GenerationRequest& out) {
  if (auto read = read_string(body, "", "model", out.model); !read) return read;
  if (!out.model.empty()) return {};
  return invalid_field("/model", R"("model" is missing: name one of GET /v1/models)");
}

Result<void> read_input(JsonObject& body, GenerationRequest& out) {
  JsonObject input;
  if (auto read = read_object(body, "", "input", input); !read) return read;
  out.input = std::move(input);
  return {};
}

}  // namespace

Result<void> read_request_headers(const http::Headers& headers, GenerationRequest& out) {
  out.idempotency_key = headers.get("Idempotency-Key");
  const bool printable = std::all_of(out.idempotency_key.begin(), out.idempotency_key.end(),
                                     [](char c) { return c >= 0x20 && c < 0x7f; });
  const bool empty = out.idempotency_key.empty() && headers.has("Idempotency-Key");
  if (empty || !printable || out.idempotency_key.size() > kMaxIdempotencyKeyBytes) {
    return Error{std::string(problem_code::kInvalidHeader),
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
  if (auto known = only_known(*body, "", {"model", "input", "options", "stream", "context"}); !known) {
    return std::move(known).error();
  }
  if (auto read = read_model(*body, decoded.request); !read) return std::move(read).error();
  if (auto read = read_input(*body, decoded.request); !read) return std::move(read).error();
  if (auto read = read_options(*body, decoded.request.options, limits.max_metadata_bytes); !read)
    return std::move(read).error();
  if (auto read = read_context(*body, decoded.request.context); !read) return std::move(read).error();
  if (const Json* const stream = body->if_contains("stream")) {
    if (!stream->is_bool()) return wrong_type("/stream", "a boolean", *stream);
    decoded.stream = stream->get_bool();
  }
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
  if (auto read = read_string(*object, "", "reason", reason); !read) return std::move(read).error();
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
