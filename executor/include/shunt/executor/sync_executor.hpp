#pragma once

#include <memory>

#include "shunt/base/event_loop.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/run_tracer.hpp"
#include "shunt/generation/generation_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::executor {

struct SyncExecutorOptions {
  Admission admission{"sync", "default"};  // stored with every generation
  const Clock* clock = &system_clock();
  ExecutorObserver* observer = nullptr;  // not owned, outlives the executor
  RunTracer* tracer = nullptr;           // not owned, outlives the models
  // Where ids come from, so that those of several executors of a process increase together. Its own when
  // there is none. Not owned.
  GenerationIdSource* ids = nullptr;
  // What open generations hold is reserved here; what does not fit is refused with `overloaded`. Not owned.
  MemoryBudget* memory = &MemoryBudget::unlimited();
};

// Runs generations in this process: at most Model::concurrency at once per model, Model::max_waiting more in
// line (first come, first served), refused with `model_busy` beyond. Needs nothing else: no socket, no Redis.
// A run starts on the event loop that submitted it. `models` and `store` outlive the
// executor, and the event loops outlive `models`: a generator may let go of a run a moment after its end.
[[nodiscard]] std::unique_ptr<GenerationExecutor> make_sync_executor(const ModelRegistry& models,
                                                                     GenerationStore& store,
                                                                     SyncExecutorOptions options = {});

}  // namespace shunt::executor
