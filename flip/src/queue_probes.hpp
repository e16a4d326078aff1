#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/shared_breaker.hpp"

namespace shunt::flip {

// Sends probes: those of a breaker that is half open, and what others ask for. Otherwise it does nothing at
// all. A probe is a generation of a model that says with which input (`probe_input`): it goes the whole way
// through queue and worker and back, is nobody's (no caller), says so in its metadata ("shunt.probe"), and is
// removed when it has ended. Where no model says so, a probe is a look at what the queue's executor finds out
// by itself: its health check writes to Redis every second while there is trouble.
//
// Its functions may be called from any thread; all the rest happens on the loop.
class QueueProbes : public std::enable_shared_from_this<QueueProbes> {
 public:
  // All outlive the call of stop()'s `done`, but for the loop, which outlives this.
  QueueProbes(executor::GenerationExecutor& queue, SharedBreaker& breaker, const ModelPolicies& policies,
              const Clock& clock, EventLoop& loop);

  // The breaker has opened.
  void wake();
  // One probe for somebody else. `done` is called on the loop, within half a minute; after stop() as for a
  // probe that failed.
  void send_one(std::function<void(bool good)> done);
  // Probes from now on those models that these policies name an input of.
  void use_policies(const ModelPolicies& policies);
  // Afterwards nothing of what is given to the constructor is touched. `done` is called on the loop.
  void stop(std::function<void()> done);

 private:
  struct Probe;

  void turn();
  void turn_later();
  void send(std::function<void(bool good)> told);
  void send_generation(const std::shared_ptr<Probe>& probe);
  void follow(const std::shared_ptr<Probe>& probe, executor::SubmitOutcome outcome);
  void look(const std::shared_ptr<Probe>& probe);
  void end(const std::shared_ptr<Probe>& probe, bool good);

  executor::GenerationExecutor& queue_;
  SharedBreaker& breaker_;
  const Clock& clock_;
  EventLoop& loop_;
  using Inputs = std::vector<std::pair<std::string, JsonObject>>;
  [[nodiscard]] static Inputs inputs_of(const ModelPolicies& policies);
  Inputs inputs_;  // of models that can be probed
  std::size_t next_input_ = 0;
  bool turning_ = false;
  bool stopped_ = false;
  Timer timer_;
  std::vector<std::shared_ptr<Probe>> probes_;  // under way
};

}  // namespace shunt::flip
