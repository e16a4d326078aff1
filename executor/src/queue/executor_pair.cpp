#include "shunt/executor/executor_pair.hpp"

#include <utility>

#include "queue/registry/registered_executor.hpp"
#include "queue/shared_services.hpp"

namespace shunt::executor {

ExecutorPair make_executor_pair(const ModelRegistry& models, GenerationStore& store, ArtifactStore& artifacts,
                                SyncExecutorOptions sync_options, QueueExecutorOptions queue_options) {
  const auto services = std::make_shared<SharedServices>(models, artifacts, std::move(queue_options));
  ExecutorPair pair;
  pair.sync =
      make_registered_executor(std::make_shared<SyncCore>(models, store, std::move(sync_options)), services);
  pair.queue = make_queue_executor(services);
  return pair;
}

}  // namespace shunt::executor
