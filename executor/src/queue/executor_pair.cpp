#include "shunt/executor/executor_pair.hpp"

#include <utility>

namespace shunt::executor {

ExecutorPair make_executor_pair(const ModelRegistry& models, GenerationStore& store, ArtifactStore& artifacts,
                                SyncExecutorOptions sync_options, QueueExecutorOptions queue_options) {
  ExecutorPair pair;
  pair.queue = make_queue_executor(models, artifacts, std::move(queue_options));
  pair.sync = make_sync_executor(models, store, std::move(sync_options));
  return pair;
}

}  // namespace shunt::executor
