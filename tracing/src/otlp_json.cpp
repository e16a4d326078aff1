#include "otlp_json.hpp"

#include <charconv>
#include <cmath>

#include "shunt/base/hex.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::tracing {
namespace {

// What an upstream or a program said may be any bytes.
void write_text(JsonObjectWriter& object, std::string_view name, std::string_view text) {
  if (is_valid_utf8(text)) return object.text(name, text);
  object.text(name, to_valid_utf8(text));
}

// 64-bit integers are text in the JSON form of protocol buffers.
void write_time(JsonObjectWriter& object, std::string_view name, SpanTime time) {
  object.text(name, std::to_string(time.time_since_epoch().count()));
}

void write_value(JsonObjectWriter& object, const std::string& text) {
  write_text(object, "stringValue", text);
}

void write_value(JsonObjectWriter& object, std::int64_t number) {
  object.text("intValue", std::to_string(number));
}

void write_value(JsonObjectWriter& object, double number) {
  object.json("doubleValue", std::isfinite(number) ? number : 0.0);
}

void write_value(JsonObjectWriter& object, bool yes) {
  object.boolean("boolValue", yes);
}

void separate(std::string& out) {
  if (out.back() == '}') out += ',';
}

template <typename Value>
void append_attribute(std::string& out, std::string_view key, const Value& value) {
  separate(out);
  JsonObjectWriter attribute(out);
  write_text(attribute, "key", key);
  JsonObjectWriter inner = attribute.object("value");
  write_value(inner, value);
  inner.close();
  attribute.close();
}

void append_attributes(std::string& out, const std::vector<Attribute>& attributes) {
  out += '[';
  for (const Attribute& attribute : attributes) {
    std::visit([&](const auto& value) { append_attribute(out, attribute.key, value); }, attribute.value);
  }
  out += ']';
}

void append_events(std::string& out, const std::vector<SpanEvent>& events) {
  out += '[';
  for (const SpanEvent& event : events) {
    separate(out);
    JsonObjectWriter object(out);
    write_time(object, "timeUnixNano", event.at);
    write_text(object, "name", event.name);
    object.close();
  }
  out += ']';
}

void write_id(JsonObjectWriter& object, std::string_view name, std::span<const std::uint8_t> id) {
  std::string& out = object.begin(name);
  out += '"';
  append_hex(out, id);
  out += '"';
}

// The flags of W3C in the lower eight bits; then whether it is known where the parent is, and where it is.
std::uint32_t flags_of(const Span& span) {
  constexpr std::uint32_t kParentKnown = 0x100;
  constexpr std::uint32_t kParentRemote = 0x200;
  return span.context.flags | kParentKnown | (span.parent_is_remote ? kParentRemote : 0U);
}

void write_status(JsonObjectWriter& object, const std::optional<std::string>& failure) {
  constexpr int kStatusError = 2;
  JsonObjectWriter status = object.object("status");
  if (failure) {
    write_text(status, "message", *failure);
    status.number("code", kStatusError);
  }
  status.close();
}

void append_span(std::string& out, const Span& span) {
  JsonObjectWriter object(out);
  write_id(object, "traceId", span.context.trace_id);
  write_id(object, "spanId", span.context.span_id);
  if (!span.trace_state.empty()) write_text(object, "traceState", span.trace_state);
  if (span.parent) write_id(object, "parentSpanId", *span.parent);
  object.number("flags", flags_of(span));
  write_text(object, "name", span.name);
  object.number("kind", static_cast<int>(span.kind));
  write_time(object, "startTimeUnixNano", span.start);
  write_time(object, "endTimeUnixNano", span.end);
  append_attributes(object.begin("attributes"), span.attributes);
  if (!span.events.empty()) append_events(object.begin("events"), span.events);
  write_status(object, span.failure);
  object.close();
}

}  // namespace

std::string encode_request(const Resource& resource, std::span<const Span> spans) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  out.reserve(512 + spans.size() * 768);
  for (const auto& [key, value] : resource.attributes) append_attribute(out, key, value);
  out += R"(]},"scopeSpans":[{"scope":)";
  JsonObjectWriter scope(out);
  write_text(scope, "name", resource.scope_name);
  write_text(scope, "version", resource.scope_version);
  scope.close();
  out += R"(,"spans":[)";
  for (const Span& span : spans) {
    separate(out);
    append_span(out, span);
  }
  out += "]}]}]}";
  return out;
}

std::size_t rejected_spans(std::string_view body) {
  const auto answer = parse_json(body);
  if (!answer || !answer->is_object()) return 0;
  const JsonObject* const partial = find_object(answer->get_object(), "partialSuccess");
  if (partial == nullptr) return 0;
  const Json* const rejected = partial->if_contains("rejectedSpans");
  if (rejected == nullptr) return 0;
  if (rejected->is_int64()) return static_cast<std::size_t>(std::max<std::int64_t>(0, rejected->get_int64()));
  if (!rejected->is_string()) return 0;
  const std::string_view text = rejected->get_string();
  std::size_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  return failure == std::errc() && end == text.data() + text.size() ? count : 0;
}

}  // namespace shunt::tracing
