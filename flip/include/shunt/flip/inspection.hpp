#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shunt/base/result.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/executor/queue_inspector.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/flip/drain.hpp"
#include "shunt/flip/load_meter.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/plan.hpp"
#include "shunt/flip/preflight.hpp"
#include "shunt/flip/record.hpp"
#include "shunt/flip/shadow.hpp"

namespace shunt::flip {

// Where the fleet stands, as the process that inspects it knows it.
struct FleetPlace {
  FlipRecord record;
  std::vector<std::string> processes;  // API processes that have a lease
  std::vector<std::string> unaware;    // of them, those that have not acknowledged the record's epoch
};

struct FlipInspectionOptions {
  executor::QueueOptions queue;  // address and prefix of Redis
  executor::GenerationExecutor* queue_executor =
      nullptr;                      // of this process; not owned, outlives the inspection
  const LoadMeter* load = nullptr;  // likewise; nullptr: the load is not known
  struct Model {
    std::string name;
    std::size_t sync_slots = 0;  // that one process runs at once in sync mode
    OnLost on_lost = OnLost::kRerun;
    bool may_be_probed = false;  // it has an input for that
  };
  std::vector<Model> models;
  std::string version;  // of this process
  // Each answers once, within a bounded time, on any thread that an EventLoop runs.
  std::function<void(std::function<void(FleetPlace)>)> place;
  // Of this process; not owned, outlives the inspection. nullptr: there is none.
  const Shadow* shadow = nullptr;
  // Sends a generation through the whole path of the queue. Empty: there is no model that may be probed.
  std::function<void(std::function<void(Result<void>)>)> probe;
};

// What a person looks at before a fleet is moved, or Redis taken away: gathers the facts and judges them
// (preflight.hpp, drain.hpp). Changes nothing. Any thread; each callback comes exactly once, within about
// ten seconds whatever Redis does, on a thread that an EventLoop runs. Destroying it waits for looks that
// are under way, which fail then.
class FlipInspection {
 public:
  virtual ~FlipInspection() = default;

  // `plan` is the one that somebody wants to start with; unset: that of the fleet's record.
  virtual void preflight(std::optional<Plan> plan, std::function<void(std::vector<Check>)> done) = 0;
  void preflight(std::function<void(std::vector<Check>)> done) { preflight(std::nullopt, std::move(done)); }
  // Fails with `queue_unavailable` where Redis cannot be read: then nobody knows what would be lost.
  virtual void drain(std::function<void(Result<DrainFacts>)> done) = 0;
  // What the fleet can do and has to; unset: nothing answered.
  virtual void fleet(std::function<void(std::optional<FleetFacts>)> done) = 0;
  // Other models are configured from now on: those of looks that begin afterwards.
  virtual void use_models(std::vector<FlipInspectionOptions::Model> models) = 0;
  // What this process has compared since the present epoch began; empty where there is no shadow. No I/O.
  [[nodiscard]] virtual ShadowReport shadow() const = 0;
};

[[nodiscard]] std::unique_ptr<FlipInspection> make_flip_inspection(FlipInspectionOptions options);

// What an inspector read of a server, as the preflight judges it. Pure.
[[nodiscard]] RedisFacts redis_facts_of(const executor::ServerReading& reading);
// The load of this process times that of all: each of `processes` is taken to be asked as much. Pure.
[[nodiscard]] FleetFacts fleet_facts_of(const executor::Fleet& fleet, const FlipInspectionOptions& options,
                                        std::size_t processes, SteadyTime now);

}  // namespace shunt::flip
