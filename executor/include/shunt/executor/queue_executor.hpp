#pragma once

#include <memory>

#include "shunt/base/fault_log.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::executor {

struct QueueExecutorOptions {
  QueueOptions queue;
  Admission admission{"queue", "queue_enabled"};  // stored with every generation
  const Clock* clock = &system_clock();
  ExecutorObserver* observer = nullptr;  // not owned, outlives the executor
  FaultLog* faults = nullptr;            // as above; its own when there is none
  // What the generations hold that this process reads is reserved here. Not owned.
  MemoryBudget* memory = &MemoryBudget::unlimited();

  // What drain() does with generations that have not ended. They are in Redis, so a process that goes away
  // leaves them to the workers and to whoever asks next; only one that is alone with its worker cancels them,
  // as the sync executor does.
  enum class AtDrain { kLeave, kCancel };
  AtDrain at_drain = AtDrain::kLeave;
};

// Hands generations to BullMQ: each is a job of its model's queue, with the envelope as its data and the
// generation's id as its id. Whoever runs it (make_queue_worker here or in another process, a worker in
// another language) writes its events to Redis, from where this executor reads them for as long as somebody
// watches. docs/contract/keys.md has the keys.
//
// Starts and serves whatever state Redis is in: without it submit() refuses with `queue_unavailable` within
// QueueOptions::enqueue_deadline, describe() says so, and all heals when Redis appears.
// Has one thread and four connections, however many generations there are. `models` and `artifacts` outlive
// it.
[[nodiscard]] std::unique_ptr<GenerationExecutor> make_queue_executor(const ModelRegistry& models,
                                                                      ArtifactStore& artifacts,
                                                                      QueueExecutorOptions options);

}  // namespace shunt::executor
