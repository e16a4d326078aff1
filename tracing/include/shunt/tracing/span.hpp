#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shunt/tracing/namespace.hpp"
#include "shunt/tracing/trace_context.hpp"

namespace shunt::tracing {

// Nanoseconds since the Unix epoch, as spans travel.
using SpanTime = std::chrono::sys_time<std::chrono::nanoseconds>;

[[nodiscard]] inline SpanTime span_now() {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

struct Attribute {
  std::string_view key;  // lives as long as the process: a literal
  std::variant<std::string, std::int64_t, double, bool> value;
};

struct SpanEvent {
  std::string_view name;  // a literal
  SpanTime at{};
};

// The numbers are OTLP's.
enum class SpanKind { kInternal = 1, kServer = 2, kClient = 3, kProducer = 4, kConsumer = 5 };

// One finished span.
struct Span {
  TraceContext context;
  std::optional<SpanId> parent;
  bool parent_is_remote = false;  // of another process
  std::string trace_state;
  std::string name;
  SpanKind kind = SpanKind::kInternal;
  SpanTime start{};
  SpanTime end{};
  std::vector<Attribute> attributes;
  std::vector<SpanEvent> events;
  // Set: the span failed, for this reason.
  std::optional<std::string> failure;
};

// What it holds in memory, roughly.
[[nodiscard]] std::size_t approximate_bytes(const Span& span) noexcept;

}  // namespace shunt::tracing
