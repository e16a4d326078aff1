#include "otlp_json.hpp"

#include <charconv>
#include <cmath>

#include "shunt/base/json.hpp"

namespace shunt::tracing {
namespace {

void append_text(std::string& out, std::string_view text) {
  if (is_valid_utf8(text)) return append_json_string(out, text);
  append_json_string(out, to_valid_utf8(text));
}

// 64-bit integers are text in the JSON form of protocol buffers.
void append_nanoseconds(std::string& out, SpanTime time) {
  out += '"' + std::to_string(time.time_since_epoch().count()) + '"';
}

void append_value(std::string& out, const std::string& text) {
  out += R"({"stringValue":)";
  append_text(out, text);
  out += '}';
}

void append_value(std::string& out, std::int64_t number) {
  out += R"({"intValue":")" + std::to_string(number) + R"("})";
}

void append_value(std::string& out, double number) {
  out += R"({"doubleValue":)";
  append_json(out, Json(std::isfinite(number) ? number : 0.0));
  out += '}';
}

void append_value(std::string& out, bool yes) {
  out += yes ? R"({"boolValue":true})" : R"({"boolValue":false})";
}

template <typename Value>
void append_attribute(std::string& out, std::string_view key, const Value& value) {
  if (out.back() == '}') out += ',';
  out += R"({"key":)";
  append_text(out, key);
  out += R"(,"value":)";
  append_value(out, value);
  out += '}';
}

void append_attributes(std::string& out, const std::vector<Attribute>& attributes) {
  out += R"("attributes":[)";
  for (const Attribute& attribute : attributes) {
    std::visit([&](const auto& value) { append_attribute(out, attribute.key, value); }, attribute.value);
  }
  out += ']';
}

void append_events(std::string& out, const std::vector<SpanEvent>& events) {
  out += R"(,"events":[)";
  for (const SpanEvent& event : events) {
    if (out.back() == '}') out += ',';
    out += R"({"timeUnixNano":)";
    append_nanoseconds(out, event.at);
    out += R"(,"name":)";
    append_text(out, event.name);
    out += '}';
  }
  out += ']';
}

// The flags of W3C in the lower eight bits; then whether it is known where the parent is, and where it is.
std::uint32_t flags_of(const Span& span) {
  constexpr std::uint32_t kParentKnown = 0x100;
  constexpr std::uint32_t kParentRemote = 0x200;
  return span.context.flags | kParentKnown | (span.parent_is_remote ? kParentRemote : 0U);
}

void append_span(std::string& out, const Span& span) {
  constexpr int kStatusError = 2;
  out += R"({"traceId":")";
  append_hex(out, span.context.trace_id);
  out += R"(","spanId":")";
  append_hex(out, span.context.span_id);
  out += '"';
  if (!span.trace_state.empty()) {
    out += R"(,"traceState":)";
    append_text(out, span.trace_state);
  }
  if (span.parent) {
    out += R"(,"parentSpanId":")";
    append_hex(out, *span.parent);
    out += '"';
  }
  out += R"(,"flags":)" + std::to_string(flags_of(span)) + R"(,"name":)";
  append_text(out, span.name);
  out += R"(,"kind":)" + std::to_string(static_cast<int>(span.kind)) + R"(,"startTimeUnixNano":)";
  append_nanoseconds(out, span.start);
  out += R"(,"endTimeUnixNano":)";
  append_nanoseconds(out, span.end);
  out += ',';
  append_attributes(out, span.attributes);
  if (!span.events.empty()) append_events(out, span.events);
  out += R"(,"status":{)";
  if (span.failure) {
    out += R"("message":)";
    append_text(out, *span.failure);
    out += R"(,"code":)" + std::to_string(kStatusError);
  }
  out += "}}";
}

}  // namespace

std::string encode_request(const Resource& resource, std::span<const Span> spans) {
  std::string out = R"({"resourceSpans":[{"resource":{"attributes":[)";
  out.reserve(512 + spans.size() * 768);
  for (const auto& [key, value] : resource.attributes) append_attribute(out, key, value);
  out += R"(]},"scopeSpans":[{"scope":{"name":)";
  append_text(out, resource.scope_name);
  out += R"(,"version":)";
  append_text(out, resource.scope_version);
  out += R"(},"spans":[)";
  bool first = true;
  for (const Span& span : spans) {
    if (!std::exchange(first, false)) out += ',';
    append_span(out, span);
  }
  out += "]}]}]}";
  return out;
}

std::size_t rejected_spans(std::string_view body) {
  const auto answer = parse_json(body);
  if (!answer || !answer->is_object()) return 0;
  const Json* const partial = answer->get_object().if_contains("partialSuccess");
  if (partial == nullptr || !partial->is_object()) return 0;
  const Json* const rejected = partial->get_object().if_contains("rejectedSpans");
  if (rejected == nullptr) return 0;
  if (rejected->is_int64()) return static_cast<std::size_t>(std::max<std::int64_t>(0, rejected->get_int64()));
  if (!rejected->is_string()) return 0;
  const std::string_view text = rejected->get_string();
  std::size_t count = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), count);
  return failure == std::errc() && end == text.data() + text.size() ? count : 0;
}

}  // namespace shunt::tracing
