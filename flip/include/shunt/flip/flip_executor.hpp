#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/breaker.hpp"
#include "shunt/flip/current_snapshot.hpp"
#include "shunt/flip/decision.hpp"
#include "shunt/flip/flip_observer.hpp"
#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/shadow.hpp"
#include "shunt/flip/shared_breaker.hpp"
#include "shunt/generation/model_registry.hpp"

namespace shunt::flip {

struct FlipExecutorOptions {
  std::unique_ptr<executor::GenerationExecutor> sync;
  std::unique_ptr<executor::GenerationExecutor> queue;
  // Sends copies of what runs in sync while the fleet is in shadow; its controls are `sync`. nullptr: there
  // is none.
  std::unique_ptr<Shadow> shadow;
  // What requests are decided by; whoever follows the fleet's record replaces it. Not owned.
  const CurrentSnapshot* snapshot = nullptr;
  // The observer that both executors were given. Not owned.
  FlipObserver* observer = nullptr;
  const ModelRegistry* models = nullptr;  // not owned
  ModelPolicies policies;
  // The longest that a request waits for its generation, by which a late queue is measured; 0: the model's
  // timeout.
  std::chrono::milliseconds wait_deadline{0};
  BreakerOptions breaker;
  BreakerMode breaker_mode = BreakerMode::kMetricsOnly;
  EventLoop* loop = nullptr;  // for the breaker's probes. Not owned; runs until drain() has called back
  const Clock* clock = &system_clock();
};

// How many decisions ended on which executor for which reason.
struct DecisionCounts {
  std::array<std::array<std::uint64_t, kReasons>, kExecutors> counts{};
  [[nodiscard]] std::uint64_t of(ExecutorKind executor, Reason reason) const noexcept {
    return counts.at(static_cast<std::size_t>(executor)).at(static_cast<std::size_t>(reason));
  }
};

// Both executors behind one interface, and for each request one decision which of them runs it: taken when it
// is submitted, from one snapshot, and stored with the generation as its admission. It is never taken again:
// everything else asks where a generation is, the sync executor first and then the queue's, whatever the
// fleet's state is now.
//
// What was decided for the queue goes there past a breaker; where that, or the queue, says no, the model's
// policy decides between a refusal and a run in sync, whose admission then says so.
//
// Bounds are each executor's own: a model's `concurrency` and `max_waiting` hold in this process for what
// runs in sync, and over the fleet for what is queued. Threads and callbacks are as GenerationExecutor
// promises.
class FlipExecutor : public executor::GenerationExecutor {
 public:
  // The queue's side alone, for its metrics. No I/O.
  [[nodiscard]] virtual executor::ExecutorDescription describe_queue() const = 0;
  [[nodiscard]] virtual DecisionCounts decisions() const = 0;
  // Sends one probe through the queue, as an open breaker does: a generation of nobody, of a model that says
  // with which input it may be probed; without such a model a look at whether Redis takes writes. Fails with
  // `probe_failed`. Any thread; the answer comes within half a minute.
  virtual void probe(std::function<void(Result<void>)> done) = 0;
  // Goes by what other models' configuration says of the flip, for requests that come from now on. Any
  // thread.
  virtual void use_models(ModelPolicies policies, ShadowOptions::Models shadows) = 0;
  // nullptr: there is none.
  [[nodiscard]] virtual const Shadow* shadow() const = 0;
  // Whether work may be handed to the queue. Lives as long as this.
  [[nodiscard]] virtual SharedBreaker& breaker() = 0;
  [[nodiscard]] virtual const SharedBreaker& breaker() const = 0;
};

[[nodiscard]] std::unique_ptr<FlipExecutor> make_flip_executor(FlipExecutorOptions options);

}  // namespace shunt::flip
