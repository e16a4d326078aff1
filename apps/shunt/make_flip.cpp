#include "make_flip.hpp"

#include <algorithm>
#include <utility>

#include "shunt/executor/executor_pair.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::app {
namespace {

// The same in all processes that begin without a record, so that a caller is in the same bucket in each.
constexpr std::string_view kFirstSalt = "first";

// Copies have keys of their own, so that no worker of generations takes one and none is in a caller's list.
// They are kept only until they are compared, and refused where no worker serves them.
flip::Shadow::MakeExecutor shadow_executors(const FlipSurroundings& surroundings) {
  executor::QueueExecutorOptions queue;
  queue.queue = shadow_queue(surroundings.configuration);
  queue.faults = surroundings.faults;
  queue.memory = surroundings.memory;
  return [&models = surroundings.models, &artifacts = surroundings.artifacts, queue = std::move(queue)] {
    return executor::make_queue_executor(models, artifacts, queue);
  };
}

std::unique_ptr<flip::Shadow> make_shadow(const FlipSurroundings& surroundings,
                                          executor::GenerationExecutor& controls) {
  const config::Configuration& configuration = surroundings.configuration;
  flip::ShadowOptions options = configuration.shadow;
  options.models = shadows_of(configuration);
  return std::make_unique<flip::Shadow>(std::move(options), controls, shadow_executors(surroundings),
                                        surroundings.loop);
}

}  // namespace

flip::ModelPolicies flip_policies(const config::Configuration& configuration) {
  flip::ModelPolicies policies;
  for (const config::ModelConfig& model : configuration.models)
    policies.emplace(model.model.name, model.flip_policy);
  return policies;
}

flip::ShadowOptions::Models shadows_of(const config::Configuration& configuration) {
  flip::ShadowOptions::Models models;
  for (const config::ModelConfig& model : configuration.models)
    models.emplace(model.model.name, model.shadow);
  return models;
}

executor::QueueOptions shadow_queue(const config::Configuration& configuration) {
  executor::QueueOptions queue = configuration.queue;
  queue.prefix += ":shadow";
  queue.require_worker = true;
  queue.retention = std::chrono::minutes(1);
  // Whoever cleans up takes a job without a record for a producer's unless its id is known: it is for longer
  // than its record is there.
  queue.claim_age = std::chrono::minutes(1);
  for (const config::ModelConfig& model : configuration.models)
    queue.claim_age = std::max(queue.claim_age, model.model.timeout + 5 * queue.retention);
  queue.min_claim_age = std::chrono::milliseconds(0);
  queue.attempts = 1;
  return queue;
}

ModelRegistry shadow_models(const ModelRegistry& models, const config::Configuration& configuration) {
  ModelRegistry shadows;
  for (const config::ModelConfig& configured : configuration.models) {
    const auto model = models.find(configured.model.name);
    if (model == nullptr || configured.shadow.generator == flip::ShadowGenerator::kNone) continue;
    Model shadow = *model;
    if (configured.shadow.generator == flip::ShadowGenerator::kStub)
      shadow.generator = flip::make_shadow_stub();
    (void)shadows.add(std::move(shadow));  // Names that a registry has are valid and differ.
  }
  return shadows;
}

std::unique_ptr<Flip> make_flip(const FlipSurroundings& surroundings) {
  const config::Configuration& configuration = surroundings.configuration;
  const flip::FlipRecord first =
      flip::first_record(configuration.strategy, std::string(kFirstSalt), system_clock().now());
  const flip::ModelPolicies policies = flip_policies(configuration);
  std::unique_ptr<Flip> made(new Flip{.store = make_memory_store(system_clock(), surroundings.store),
                                      .snapshot = flip::CurrentSnapshot(flip::Snapshot(first)),
                                      .observer = flip::FlipObserver(surroundings.observer, policies)});
  executor::SyncExecutorOptions sync;
  sync.observer = &made->observer;
  sync.tracer = surroundings.tracer;
  sync.memory = surroundings.memory;
  executor::QueueExecutorOptions queue;
  queue.queue = configuration.queue;
  queue.observer = &made->observer;
  queue.faults = surroundings.faults;
  queue.memory = surroundings.memory;
  queue.at_drain = surroundings.at_drain;
  auto pair = executor::make_executor_pair(surroundings.models, *made->store, surroundings.artifacts,
                                           std::move(sync), std::move(queue));
  flip::FlipExecutorOptions options;
  options.shadow = make_shadow(surroundings, *pair.sync);
  options.sync = std::move(pair.sync);
  made->queue = pair.queue.get();
  options.queue = std::move(pair.queue);
  options.snapshot = &made->snapshot;
  options.observer = &made->observer;
  options.models = &surroundings.models;
  options.policies = policies;
  options.wait_deadline = configuration.server.wait_deadline;
  options.breaker_mode = configuration.breaker;
  options.loop = &surroundings.loop;
  made->executor = flip::make_flip_executor(std::move(options));
  // A command that runs one generation and goes leaves that to those that stay.
  if (surroundings.faults == nullptr) return made;
  flip::ShadowLeftoversOptions leftovers;
  leftovers.queue = shadow_queue(configuration);
  leftovers.make_executor = shadow_executors(surroundings);
  leftovers.faults = surroundings.faults;
  made->leftovers = std::make_unique<flip::ShadowLeftovers>(std::move(leftovers));
  return made;
}

}  // namespace shunt::app
