#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "queue/records/stored_generation.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

// What is known of a generation whose log has told nothing for a while.
struct UnreportedGeneration {
  GenerationState state = GenerationState::kQueued;
  std::uint64_t sequence = 1;
  // 0: no worker of ours has begun it.
  std::uint64_t attempt = 0;
  JobLook job;
  // The job's progress when it was last looked at.
  std::string seen_progress;
  // What the log says so far. Its parts may be nullptr: nothing.
  event::Delta told{};
};

// Whether nothing says that a job was ever there: its add was lost, or somebody removed it before it began.
[[nodiscard]] bool never_queued(const UnreportedGeneration& unreported);

// The events that a job's hash stands for and that nobody has written: a worker in another language that
// knows only BullMQ took the job, or ours was lost once too often. Numbered from `sequence` + 1; empty:
// nothing new. Pure.
[[nodiscard]] std::vector<GenerationEvent> events_of_unreported_job(const UnreportedGeneration& unreported,
                                                                    WallTime now);

}  // namespace shunt::executor
