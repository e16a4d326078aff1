#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "namespace.hpp"
#include "shunt/api/request_tracer.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/executor/run_tracer.hpp"
#include "shunt/tracing/span_exporter.hpp"

namespace shunt::app {

// Makes the spans: one for each request that submits, and under it one for each attempt to run its
// generation, in this process or in a worker. docs/tracing.md describes them.
class Tracer final : public api::RequestTracer, public executor::RunTracer {
 public:
  // `process` tells this process from others of the service.
  Tracer(const config::TracingSettings& settings, const std::string& process);

  [[nodiscard]] std::unique_ptr<api::RequestTrace> begin(std::string_view method, std::string_view route,
                                                         GenerationRequest& request) override;
  [[nodiscard]] std::unique_ptr<executor::RunTrace> begin(Envelope& envelope, std::string_view path,
                                                          std::size_t attempt) override;

  // Sends what is left within the configured time. Once.
  void stop();

  // Prometheus text format. Any thread.
  [[nodiscard]] std::string metrics_text() const;

 private:
  const double sample_ratio_;
  const std::chrono::milliseconds flush_timeout_;
  tracing::SpanExporter exporter_;
};

}  // namespace shunt::app
