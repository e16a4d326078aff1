#pragma once

#include <memory>
#include <string>

#include "namespace.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// Counts what the executor decides and sees, for /metrics, and logs the generations that fail. Labels are
// bounded: models come from the configuration, codes from docs/errors.md. docs/metrics.md lists them.
class ExecutorMetrics final : public executor::ExecutorObserver {
 public:
  ExecutorMetrics(const ModelRegistry& models, const Admission& admission);
  ~ExecutorMetrics() override;

  void submitted(const Submitted& request) override;
  void ended(const Ended& end) override;
  void failed(const Failed& failure) override;

  // Prometheus text format. Any thread.
  [[nodiscard]] std::string text(const executor::ExecutorDescription& executor) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::app
