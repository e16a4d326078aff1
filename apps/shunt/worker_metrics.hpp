#pragma once

#include <memory>
#include <string>
#include <vector>

#include "namespace.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// Counts what a queue's worker does, for /metrics. Names of its own (`shunt_worker_`), since the API that
// waits for a generation counts it too.
class WorkerMetrics final : public executor::WorkerObserver {
 public:
  // `models`: those that it takes; empty: all.
  WorkerMetrics(const ModelRegistry& registry, const std::vector<std::string>& models);
  ~WorkerMetrics() override;

  void claimed(std::string_view model, std::size_t attempt) override;
  void ended(const Ended& end) override;
  void failed(const Failed& failure) override;
  void released(std::string_view model, Release how) override;
  void appended(const Append& append) override;
  void locks_not_renewed(std::string_view model, std::size_t count) override;

  // Prometheus text format. Any thread.
  [[nodiscard]] std::string text(const executor::WorkerDescription& worker) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace shunt::app
