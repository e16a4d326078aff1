#include "shunt/tracing/span.hpp"

namespace shunt::tracing {

std::size_t approximate_bytes(const Span& span) noexcept {
  std::size_t bytes = sizeof(Span) + span.trace_state.size() + span.name.size();
  bytes += span.attributes.size() * sizeof(Attribute) + span.events.size() * sizeof(SpanEvent);
  for (const Attribute& attribute : span.attributes) {
    if (const auto* text = std::get_if<std::string>(&attribute.value)) bytes += text->size();
  }
  return bytes + (span.failure ? span.failure->size() : 0);
}

}  // namespace shunt::tracing
