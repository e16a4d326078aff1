#include "queue/services/queue_services.hpp"

#include <utility>

namespace shunt::executor {

QueueServices::QueueServices(const ModelRegistry& models, ArtifactStore& artifacts,
                             QueueExecutorOptions options, EventLoop& loop)
    : context(models, artifacts, std::move(options), loop) {}

void QueueServices::start() {
  owner_leases.start();
  sync_registry.start();
  follower.start();
  deadlines.start();
  submitter.start();
  health_probe.start();
  lister.start();
  unseen_ends.start();
  open_generations.start();
  record_cleanup.start();
  artifact_cleanup.start();
}

void QueueServices::stop() {
  if (std::exchange(stopped_, true)) return;
  artifact_cleanup.stop();
  record_cleanup.stop();
  open_generations.stop();
  unseen_ends.stop();
  lister.stop();
  health_probe.stop();
  submitter.stop();
  deadlines.stop();
  follower.stop();
  sync_registry.stop();
  owner_leases.stop();
  context.close();
}

}  // namespace shunt::executor
