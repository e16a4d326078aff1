#pragma once

#include <span>
#include <string>
#include <vector>

#include "shunt/tracing/namespace.hpp"
#include "shunt/tracing/span.hpp"
#include "shunt/tracing/span_exporter.hpp"

namespace shunt::tracing {

// The body of POST /v1/traces: OTLP's ExportTraceServiceRequest in the JSON form of its specification (ids in
// hex, 64-bit integers as text, enumerations as numbers). Text that is not UTF-8 is made so.
[[nodiscard]] std::string encode_request(const Resource& resource, std::span<const Span> spans);

// How many of a request's spans the collector says in its answer that it refused. 0 when it says nothing.
[[nodiscard]] std::size_t rejected_spans(std::string_view body);

}  // namespace shunt::tracing
