#pragma once

#include <memory>

#include "namespace.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "shunt/executor/run_tracer.hpp"
#include "shunt/flip/current_snapshot.hpp"
#include "shunt/flip/flip_executor.hpp"
#include "shunt/flip/flip_observer.hpp"
#include "shunt/flip/shadow_leftovers.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "shunt/generation/generation_store.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::app {

// What a process with QUEUE_ENABLED=true runs generations with: both executors, what they share, and the
// executor that chooses between them. It begins where the setting `strategy` says.
struct Flip {
  std::unique_ptr<GenerationStore> store;
  flip::CurrentSnapshot snapshot;
  flip::FlipObserver observer;
  std::unique_ptr<flip::FlipExecutor> executor{};
  executor::GenerationExecutor* queue = nullptr;  // the queue's side of it
  std::unique_ptr<flip::ShadowLeftovers> leftovers{};
};

// What the process shares with its executors. None of it is owned, and all of it outlives the flip.
struct FlipSurroundings {
  const config::Configuration& configuration;
  const ModelRegistry& models;
  ArtifactStore& artifacts;
  EventLoop& loop;  // for what is done now and then
  executor::ExecutorObserver* observer = nullptr;
  executor::RunTracer* tracer = nullptr;
  FaultLog* faults = nullptr;  // nullptr: of a command, which does nothing now and then
  MemoryBudget* memory = &MemoryBudget::unlimited();
  MemoryStoreLimits store{};
  executor::QueueExecutorOptions::AtDrain at_drain = executor::QueueExecutorOptions::AtDrain::kLeave;
};
// Where copies of sampled requests go: the queue's Redis under a prefix of its own.
[[nodiscard]] executor::QueueOptions shadow_queue(const config::Configuration& configuration);
// What a worker that serves shadows runs: stubs, or the models' own generators.
[[nodiscard]] ModelRegistry shadow_models(const ModelRegistry& models,
                                          const config::Configuration& configuration);
// What the models' configuration says of the flip, and of their shadows.
[[nodiscard]] flip::ModelPolicies flip_policies(const config::Configuration& configuration);
[[nodiscard]] flip::ShadowOptions::Models shadows_of(const config::Configuration& configuration);
[[nodiscard]] std::unique_ptr<Flip> make_flip(const FlipSurroundings& surroundings);

}  // namespace shunt::app
