#include "shunt/executor/executor_pair.hpp"

#include <utility>

#include "queue/registry/registered_executor.hpp"
#include "queue/shared_services.hpp"

namespace shunt::executor {

ExecutorPair make_executor_pair(const ModelRegistry& models, GenerationStore& store, ArtifactStore& artifacts,
                                SyncExecutorOptions sync_options, QueueExecutorOptions queue_options) {
  // One source, so that ids increase in the order of admission whichever side takes a generation: lists are
  // sorted by them.
  const auto ids = std::make_shared<GenerationIdSource>(*sync_options.clock);
  const auto services = std::make_shared<SharedServices>(models, artifacts, std::move(queue_options));
  ExecutorPair pair;
  pair.sync = make_registered_executor(
      std::make_shared<SyncCore>(models, store, std::move(sync_options), ids), services);
  pair.queue = make_queue_executor(services, ids);
  return pair;
}

}  // namespace shunt::executor
