#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shunt/tracing/namespace.hpp"
#include "shunt/tracing/span.hpp"

namespace shunt::tracing {

// Whose spans they are: sent with every batch.
struct Resource {
  std::vector<std::pair<std::string, std::string>> attributes;  // "service.name", ...
  std::string scope_name = "shunt";
  std::string scope_version;
};

struct ExporterOptions {
  std::string url;  // the whole address: http://collector:4318/v1/traces
  std::vector<std::pair<std::string, std::string>> headers;

  // What waits to be sent, the batch under way included; what comes beyond either is dropped.
  std::size_t max_queue_spans = 16'384;
  std::size_t max_queue_bytes = std::size_t{16} << 20U;
  // A batch goes when it has so many spans, or its first one has waited for so long.
  std::size_t max_batch_spans = 512;
  std::chrono::milliseconds batch_interval{2'000};

  // Bounds one request. OTLP's exporters have 10 s.
  std::chrono::milliseconds timeout{10'000};
  // Before a batch is sent again; doubled with each failure in a row, up to the longest.
  std::chrono::milliseconds backoff{500};
  std::chrono::milliseconds max_backoff{30'000};
  // A batch that could not be delivered so often is given up.
  std::size_t max_tries = 6;
};

// Since the start; each span that was recorded ends in one of the first three.
struct ExportCounts {
  std::uint64_t exported = 0;
  std::uint64_t dropped = 0;  // there was no room for them, or it had been stopped
  std::uint64_t failed = 0;   // the collector refused them, or could not be reached
  std::uint64_t failed_requests = 0;
  std::size_t waiting = 0;
};

// Sends spans to a collector as OTLP JSON over HTTP, from one thread of its own. Whatever the collector does,
// record() costs the same: what cannot be sent in time is dropped, and counted.
class SpanExporter {
 public:
  SpanExporter(ExporterOptions options, Resource resource);
  // Stops as stop(0) does, unless it was stopped.
  ~SpanExporter();
  SpanExporter(const SpanExporter&) = delete;
  SpanExporter& operator=(const SpanExporter&) = delete;

  // Takes a span or drops it. Never waits for I/O. Any thread.
  void record(Span span);

  // Sends what is left, for as long as `within` at most, and ends the thread. What is recorded later is
  // dropped. Once; not from the exporter's own thread.
  void stop(std::chrono::milliseconds within);

  [[nodiscard]] ExportCounts counts() const;  // any thread

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::tracing
