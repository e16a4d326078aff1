// traceparent, as any client may send it. Checks that what is understood has one form, and that a child stays
// in its parent's trace.
#include "shunt/tracing/trace_context.hpp"

#include "support/fuzzing.hpp"

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto context = tracing::parse_traceparent(text);
  if (!context) return 0;
  check(context->trace_id != tracing::TraceId{} && context->span_id != tracing::SpanId{}, "no id is zero");
  const std::string canonical = tracing::format_traceparent(*context);
  check(canonical.substr(3) == text.substr(3, 52), "written again it is the same, as version 00");
  const auto again = tracing::parse_traceparent(canonical);
  check(again.has_value() && *again == *context, "a canonical form is understood as the same");
  const auto child = tracing::child_of(context, 0.5);
  check(child.trace_id == context->trace_id && child.span_id != context->span_id,
        "a child is in the same trace");
  check(child.sampled() == context->sampled(), "a decision that came stands");
  return 0;
}
