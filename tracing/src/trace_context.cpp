#include "shunt/tracing/trace_context.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include "shunt/base/hex.hpp"

namespace shunt::tracing {
namespace {

constexpr std::size_t kTraceparentSize = 55;

template <std::size_t Size>
bool read_hex(std::string_view text, std::array<std::uint8_t, Size>& to) noexcept {
  for (std::size_t i = 0; i < Size; ++i) {
    const auto byte = parse_hex(text.substr(2 * i, 2));
    if (!byte) return false;
    to[i] = static_cast<std::uint8_t>(*byte);
  }
  return true;
}

template <std::size_t Size>
bool is_zero(const std::array<std::uint8_t, Size>& bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

template <std::size_t Size>
std::array<std::uint8_t, Size> random_bytes() {
  thread_local std::mt19937_64 engine = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::array<std::uint8_t, Size> bytes{};
  do {
    for (std::size_t i = 0; i < Size; i += sizeof(std::uint64_t)) {
      std::uint64_t word = engine();
      for (std::size_t j = i; j < i + sizeof(word); ++j, word >>= 8U) bytes[j] = word & 0xFFU;
    }
  } while (is_zero(bytes));
  return bytes;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view text) noexcept {
  if (text.size() != kTraceparentSize || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  std::array<std::uint8_t, 1> version{};
  std::array<std::uint8_t, 1> flags{};
  TraceContext context;
  const bool read = read_hex(text, version) && read_hex(text.substr(3), context.trace_id) &&
                    read_hex(text.substr(36), context.span_id) && read_hex(text.substr(53), flags);
  if (!read || version[0] == 0xFF || is_zero(context.trace_id) || is_zero(context.span_id)) {
    return std::nullopt;
  }
  context.flags = flags[0];
  return context;
}

std::string format_traceparent(const TraceContext& context) {
  std::string text = "00-";
  text.reserve(kTraceparentSize);
  append_hex(text, context.trace_id);
  text += '-';
  append_hex(text, context.span_id);
  text += '-';
  append_hex(text, context.flags);
  return text;
}

TraceId new_trace_id() {
  return random_bytes<16>();
}

SpanId new_span_id() {
  return random_bytes<8>();
}

// Decides as OpenTelemetry's TraceIdRatioBased samplers do: the upper 63 bits of the id's last 8 bytes
// against the ratio's part of 2^63.
bool is_sampled(const TraceId& id, double ratio) noexcept {
  if (ratio >= 1) return true;
  if (!(ratio > 0)) return false;
  std::uint64_t value = 0;
  for (std::size_t i = 8; i < id.size(); ++i) value = value << 8U | id[i];
  return (value >> 1U) < static_cast<std::uint64_t>(std::ldexp(ratio, 63));
}

TraceContext child_of(const std::optional<TraceContext>& parent, double ratio) {
  TraceContext context;
  context.span_id = new_span_id();
  if (parent) {
    context.trace_id = parent->trace_id;
    // Sampled, and whether the id is random (level 2); others are not known here.
    context.flags = parent->flags & 3U;
    return context;
  }
  context.trace_id = new_trace_id();
  context.flags = is_sampled(context.trace_id, ratio) ? 1 : 0;
  return context;
}

}  // namespace shunt::tracing
