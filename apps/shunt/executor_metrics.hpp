#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "namespace.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// Counts what the executor decides and sees, for /metrics, and logs the generations that fail. Labels are
// bounded: models come from the configuration, codes from docs/errors.md. docs/metrics.md lists them.
class ExecutorMetrics final : public executor::ExecutorObserver {
 public:
  // `paths`: those that generations of this process can take, "sync" and "queue".
  ExecutorMetrics(const ModelRegistry& models, std::span<const std::string_view> paths);
  ~ExecutorMetrics() override;

  void submitted(const Submitted& request) override;
  void ended(const Ended& end) override;
  void failed(const Failed& failure) override;
  void registry(Registry what) override;

  // Prometheus text format. `reason`: why this process has that executor. Any thread.
  [[nodiscard]] std::string text(const executor::ExecutorDescription& executor,
                                 std::string_view reason) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::app
