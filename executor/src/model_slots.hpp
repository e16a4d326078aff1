#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::executor {

class SyncRun;

// The places of the models of one name: `concurrency` running, `max_waiting` in line behind them, first come,
// first served. Any thread.
class ModelSlots {
 public:
  explicit ModelSlots(const Model& model)
      : concurrency_(model.concurrency), max_waiting_(model.max_waiting) {}

  // Goes by this model's limits from now on. Returns the runs that have a slot by that and must be started;
  // where there are fewer slots than before, those that run go on, and nobody follows them.
  [[nodiscard]] std::vector<std::shared_ptr<SyncRun>> set_limits(const Model& model);

  enum class Grant { kRunning, kWaiting, kFull };
  // Takes a slot for `run`, or a place in line.
  [[nodiscard]] Grant take(const std::shared_ptr<SyncRun>& run);
  // Gives a slot back after a run that took `took`; returns the run that has it now and must be started, or
  // nullptr.
  [[nodiscard]] std::shared_ptr<SyncRun> release(std::chrono::nanoseconds took);
  // Takes `run` out of the line. False: it was not in it (any more), so it has a slot.
  bool leave_line(const SyncRun& run);

  [[nodiscard]] std::size_t concurrency() const;
  [[nodiscard]] std::size_t running() const;
  [[nodiscard]] std::size_t waiting() const;
  // When the one that is next was created.
  [[nodiscard]] std::optional<WallTime> first_in_line() const;
  // When a place in line will probably be free: mean run time / concurrency, within 1 s and 1 min.
  [[nodiscard]] std::chrono::milliseconds retry_after() const;

 private:
  mutable std::mutex mutex_;
  std::size_t concurrency_;
  std::size_t max_waiting_;
  std::size_t running_ = 0;
  std::deque<std::shared_ptr<SyncRun>> line_;
  double mean_run_ms_ = 0;  // moving average over about ten runs
};

}  // namespace shunt::executor
