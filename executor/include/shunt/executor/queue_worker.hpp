#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/executor/run_tracer.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::executor {

struct QueueWorkerOptions {
  QueueOptions queue;
  // The models from whose queues it takes; empty: all that it has.
  std::vector<std::string> models;
  // Generations at once per model, instead of each model's own.
  std::optional<std::size_t> concurrency;
  // Shown in its lease, and by BullMQ's getWorkers. "" = a made-up one.
  std::string name;
  std::string version;
  const Clock* clock = &system_clock();
  WorkerObserver* observer = nullptr;  // not owned, outlives the worker
  RunTracer* tracer = nullptr;         // as above
  FaultLog* faults = nullptr;          // as above; its own when there is none
  // What running generations hold is reserved here. As above.
  MemoryBudget* memory = &MemoryBudget::unlimited();
};

struct WorkerReport {
  std::size_t finished = 0;    // ended by themselves within the grace
  std::size_t given_back = 0;  // back in their queues: another worker starts them at once
};

struct WorkerDescription {
  bool connected = false;
  std::string reason;  // why not
  std::size_t running = 0;
  ServerStatus server = {};
  std::vector<Warning> warnings = {};
};

// Runs the generations of queues with this process's generators. What it needs is in each job's envelope, so
// it runs on any machine that has the models. A generation that its worker loses runs again on another one;
// the attempt's number fences what the first one still writes.
//
// Has one thread of its own, and one more that renews locks; generators run on `loops`. Starts whatever state
// Redis is in, and tries for ever. Follows the registry: takes from models that are new to it, not from those
// that are gone, and ends what it runs of them. `models`, `artifacts` and `loops` outlive it.
class QueueWorker {
 public:
  virtual ~QueueWorker() = default;

  // Takes from other queues from now on: those of these models, empty for all, this many at once of each
  // instead of the model's own. What runs of others goes on. Any thread.
  virtual void choose(std::vector<std::string> models, std::optional<std::size_t> concurrency) = 0;
  // Takes nothing more, waits up to `grace` for what runs, gives the rest back. Once only; any thread.
  virtual void stop(std::chrono::milliseconds grace, std::function<void(WorkerReport)> done) = 0;
  // Any thread; no I/O.
  [[nodiscard]] virtual WorkerDescription describe() const = 0;
};

[[nodiscard]] std::unique_ptr<QueueWorker> make_queue_worker(const ModelRegistry& models,
                                                             ArtifactStore& artifacts,
                                                             EventLoopThreads& loops,
                                                             QueueWorkerOptions options);

}  // namespace shunt::executor
