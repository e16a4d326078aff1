#pragma once

#include <memory>

#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "shunt/executor/sync_executor.hpp"

namespace shunt::executor {

// Both ways of running a generation, over one connection to Redis, for a flip to choose from. Whoever owns
// them asks `sync` about a generation first and then `queue`, for everything but submit(). Drain both before
// either is destroyed; they may be destroyed in any order.
struct ExecutorPair {
  // Runs generations in this process as make_sync_executor() does, and enters each into Redis beside its run,
  // without waiting for it. What this process runs, or has run, is found here: everything else is unknown.
  // One that is gone here (evicted) may still be in Redis with its end: `queue` knows, and only where it does
  // not the generation is gone.
  //
  // submit() waits for Redis in two cases, at most QueueOptions::enqueue_deadline:
  // - A request with an idempotency key has to win the key's claim, which is one for both executors and all
  //   processes: a key that any of them works on, or has answered, is `replayed`. While Redis is away the
  //   process's own table decides (ExecutorObserver::Registry::kWeakClaim).
  // - A request with `respond_async` is accepted once its record and its request are in Redis; while that is
  //   away it is refused with `queue_unavailable`, which is retryable.
  std::unique_ptr<GenerationExecutor> sync;
  // As make_queue_executor(). Its reading side answers for everything in Redis: also for sync generations of
  // any process, by asking the owner. One whose owner is gone ends as failed with `interrupted`.
  std::unique_ptr<GenerationExecutor> queue;
};

// `sync_options.admission` and `queue_options.admission` are those of requests that bring none along. The
// rest of the options, and how long everything lives, as of the two functions above.
[[nodiscard]] ExecutorPair make_executor_pair(const ModelRegistry& models, GenerationStore& store,
                                              ArtifactStore& artifacts, SyncExecutorOptions sync_options,
                                              QueueExecutorOptions queue_options);

}  // namespace shunt::executor
