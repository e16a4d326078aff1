#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shunt/flip/controller.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/plan.hpp"
#include "shunt/flip/record.hpp"
#include "shunt/flip/verdict.hpp"

namespace shunt::flip {

// What a rehearsal of a rollout supposes of the traffic and of the queue.
struct Scenario {
  double per_minute = 50;  // generations that begin, on average; 0 to kMostPerMinute
  double errors = 0.01;    // the share of them that fails, wherever it runs
  // What the queue is like from a weight on, if other than sync: its share of errors, and how many times as
  // long it takes.
  std::optional<double> then_errors;
  double then_slower = 1;
  Weight then_from;  // from this weight of the canary on
  // Times from admission to the end: a log-normal distribution with this median.
  std::chrono::milliseconds median{800};
  double spread = 0.6;  // its sigma
  double shadow_sample = 0.1;
  std::uint64_t seed = 1;
  // What the person does who is asked about a held step.
  enum class Person { kWaits, kResumes, kAborts } person = Person::kWaits;
  std::chrono::milliseconds most = std::chrono::hours(24 * 60);  // of simulated time
};
inline constexpr double kMostPerMinute = 100'000;

// One change of the record, and what led to it.
struct StoryEntry {
  std::chrono::milliseconds at{0};  // since the start
  FlipEvent event = FlipEvent::kStart;
  FlipRecord record;  // after it
  Verdict verdict;    // before it
};

enum class StoryEnd { kFull, kAborted, kHeld, kUnfinished };
[[nodiscard]] std::string_view story_end_name(StoryEnd end) noexcept;

struct Story {
  std::vector<StoryEntry> entries;
  StoryEnd end = StoryEnd::kUnfinished;
  std::chrono::milliseconds took{0};  // until it was in full, off again, held for good, or too long
  std::string waits_for;              // of an unfinished one: the last verdict's words
  std::uint64_t canary_jobs = 0;
  std::uint64_t canary_errors = 0;
  std::uint64_t control_errors = 0;  // among as many jobs of the control
};

// Runs a rollout on a simulated clock from off to its end with transition() and control(), the functions that
// move a fleet. The same arguments give the same story on every machine of one kind.
[[nodiscard]] Story simulate(const Plan& plan, const Scenario& scenario);

}  // namespace shunt::flip
