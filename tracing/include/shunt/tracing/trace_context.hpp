#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/tracing/namespace.hpp"

namespace shunt::tracing {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

// Where a span stands: what a `traceparent` says.
struct TraceContext {
  TraceId trace_id{};
  SpanId span_id{};
  std::uint8_t flags = 0;

  [[nodiscard]] bool sampled() const noexcept { return (flags & 1U) != 0; }
  [[nodiscard]] bool operator==(const TraceContext&) const = default;
};

// version "-" trace id "-" parent id "-" flags (W3C Trace Context, 3.2). Nothing for anything else: also for
// the version ff, an id of zeros, upper case, and what a later version may append.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept;

// Writes version 00.
[[nodiscard]] std::string format_traceparent(const TraceContext& context);

// Random ones; never zero. Any thread.
[[nodiscard]] TraceId new_trace_id();
[[nodiscard]] SpanId new_span_id();

// Whether a trace that begins here is recorded. Depends on the id alone, so that every process with the same
// ratio says the same of it. `ratio` is 0 to 1.
[[nodiscard]] bool is_sampled(const TraceId& id, double ratio) noexcept;

// The context of a new span under `parent`, or of one that begins a trace: an incoming decision stands, else
// `ratio` decides.
[[nodiscard]] TraceContext child_of(const std::optional<TraceContext>& parent, double ratio);

}  // namespace shunt::tracing
