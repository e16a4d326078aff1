#pragma once

#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Where a worker is in its life. It only goes forward.
enum class WorkerPhase {
  kTaking,    // jobs
  kStopping,  // takes nothing more; what runs may end, or is given back
  kClosed,    // its connections are closed; what runs is let go
};
enum class WorkerEvent { kStop, kClose };

// Pure.
[[nodiscard]] constexpr WorkerPhase next_phase(WorkerPhase phase, WorkerEvent event) noexcept {
  if (phase == WorkerPhase::kClosed || event == WorkerEvent::kClose) return WorkerPhase::kClosed;
  return WorkerPhase::kStopping;
}

// Why an attempt ended without an end of its generation.
enum class AttemptLoss {
  kLost,       // its lock was lost, or somebody else has the generation, or it has ended elsewhere
  kGivenBack,  // the worker stops: another one begins it at once
};
// `stop_requested`: BullMQ's worker has taken the job from its processor. Pure.
[[nodiscard]] constexpr AttemptLoss loss_of(WorkerPhase phase, bool stop_requested) noexcept {
  return phase != WorkerPhase::kTaking && stop_requested ? AttemptLoss::kGivenBack : AttemptLoss::kLost;
}

}  // namespace shunt::executor
