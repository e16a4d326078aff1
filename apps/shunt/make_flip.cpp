#include "make_flip.hpp"

#include <utility>

#include "shunt/executor/executor_pair.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::app {
namespace {

// The same in all processes that begin without a record, so that a caller is in the same bucket in each.
constexpr std::string_view kFirstSalt = "first";

flip::ModelPolicies policies_of(const config::Configuration& configuration) {
  flip::ModelPolicies policies;
  for (const config::ModelConfig& model : configuration.models)
    policies.emplace(model.model.name, model.flip_policy);
  return policies;
}

}  // namespace

std::unique_ptr<Flip> make_flip(const FlipSurroundings& surroundings) {
  const config::Configuration& configuration = surroundings.configuration;
  const flip::FlipRecord first =
      flip::first_record(configuration.strategy, std::string(kFirstSalt), system_clock().now());
  const flip::ModelPolicies policies = policies_of(configuration);
  std::unique_ptr<Flip> made(new Flip{.store = make_memory_store(system_clock(), surroundings.store),
                                      .snapshot = flip::CurrentSnapshot(flip::Snapshot(first)),
                                      .observer = flip::FlipObserver(surroundings.observer, policies),
                                      .ids = GenerationIdSource(system_clock())});
  executor::SyncExecutorOptions sync;
  sync.observer = &made->observer;
  sync.tracer = surroundings.tracer;
  sync.memory = surroundings.memory;
  sync.ids = &made->ids;
  executor::QueueExecutorOptions queue;
  queue.queue = configuration.queue;
  queue.observer = &made->observer;
  queue.faults = surroundings.faults;
  queue.memory = surroundings.memory;
  queue.at_drain = surroundings.at_drain;
  queue.ids = &made->ids;
  auto pair = executor::make_executor_pair(surroundings.models, *made->store, surroundings.artifacts,
                                           std::move(sync), std::move(queue));
  flip::FlipExecutorOptions options;
  options.sync = std::move(pair.sync);
  options.queue = std::move(pair.queue);
  options.snapshot = &made->snapshot;
  options.observer = &made->observer;
  options.models = &surroundings.models;
  options.ids = &made->ids;
  options.policies = policies;
  options.wait_deadline = configuration.server.wait_deadline;
  options.breaker_mode = configuration.breaker;
  options.loop = &surroundings.loop;
  made->executor = flip::make_flip_executor(std::move(options));
  return made;
}

}  // namespace shunt::app
