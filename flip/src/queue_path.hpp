#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "decision_counter.hpp"
#include "queue_look.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/decision.hpp"
#include "shunt/flip/flip_executor.hpp"
#include "shunt/flip/model_policy.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/shared_breaker.hpp"

namespace shunt::flip {

[[nodiscard]] Admission admission_of(const Decision& decision);

// What the outcome of a submit says of the queue. Pure.
[[nodiscard]] EnqueueOutcome enqueue_outcome(const executor::SubmitOutcome& outcome) noexcept;

// The way of a request that was decided for the queue: past the breaker and what the model counts as down, to
// the queue's executor; or, where that cannot have it, to what the model does then. Any thread.
class QueuePath {
 public:
  using Done = std::function<void(executor::SubmitOutcome)>;

  // All outlive it.
  QueuePath(const FlipExecutorOptions& options, SharedBreaker& breaker, DecisionCounter& decisions);

  void submit(GenerationRequest request, const Decision& decision, std::shared_ptr<const ModelPolicy> policy,
              Done done);

 private:
  struct Attempt;
  using Shared = std::shared_ptr<Attempt>;

  void try_queue(GenerationRequest request, const Shared& attempt, std::uint64_t opening);
  void came_back(const Shared& attempt, executor::SubmitOutcome outcome);
  // In place of the refusal `otherwise`, if the model does not want that and the fallback has room.
  void answer_down(const Shared& attempt, Trouble trouble, GenerationRequest request,
                   executor::SubmitOutcome otherwise);
  void run_sync(const Shared& attempt, GenerationRequest request,
                std::shared_ptr<InFlight::Submission> counted);
  [[nodiscard]] bool is_down(const ModelPolicy& policy, const Model& model);
  [[nodiscard]] SteadyTime end_told_by(const GenerationRequest& request) const;

  const FlipExecutorOptions& options_;
  SharedBreaker& breaker_;
  DecisionCounter& decisions_;
  QueueLook look_;
};

}  // namespace shunt::flip
