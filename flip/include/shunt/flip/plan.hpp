#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/weight.hpp"

namespace shunt::flip {

// Bounds of what a plan may hold, so that a record with its plan stays below kMaxRecordBytes.
inline constexpr std::size_t kMaxSteps = 20;
inline constexpr std::size_t kMaxListed = 100;    // callers in each of `allow` and `deny`
inline constexpr std::size_t kMaxKeyBytes = 255;  // of a caller's name there
inline constexpr std::size_t kMaxNameBytes = 64;  // of a plan's name

// One weight of the canary, and what has to be so before the next one.
struct PlanStep {
  Weight weight;
  std::chrono::milliseconds least_time{};  // of traffic: the step's clock stands still while there is none
  std::uint64_t least_jobs = 0;            // of the canary that were judged
  bool judge_errors = false;
  bool judge_latency = false;
  [[nodiscard]] bool operator==(const PlanStep&) const = default;
};

// When two samples differ. Why 3.5: docs/decisions/0020-the-flip.md has the table of false alarms.
struct Thresholds {
  double z_failed = 3.5;
  double z_inconclusive = 2.5;     // up to z_failed, at a step's end
  std::uint64_t least_jobs = 100;  // of each side; below there is no verdict
  // A slower tail counts when the canary's p95 is worse by both.
  double latency_rise = 0.10;
  std::chrono::milliseconds latency_rise_time{100};
  [[nodiscard]] bool operator==(const Thresholds&) const = default;
};

struct DarkRule {
  std::chrono::milliseconds least_time = std::chrono::hours(1);
  std::uint64_t least_probes = 300;  // that succeeded one after the other
  [[nodiscard]] bool operator==(const DarkRule&) const = default;
};

struct ShadowRule {
  bool enabled = true;  // false: from dark straight to the canary
  std::chrono::milliseconds least_time = std::chrono::hours(1);
  std::uint64_t least_comparisons = 5'000;
  std::uint64_t max_mismatches = 0;
  [[nodiscard]] bool operator==(const ShadowRule&) const = default;
};

// What a broken guard does to a fleet that is wholly on the queue.
enum class FullGuard { kAlert, kAbort };

struct Guards {
  FullGuard full = FullGuard::kAlert;
  // How many ticks in a row a guard that may be a moment's (the oldest job, the leases) has to be broken.
  std::uint32_t ticks = 2;
  std::uint32_t no_data_hold = 3;    // ticks without figures until the step is held
  std::uint32_t no_data_abort = 10;  // and until a held one is taken back
  double memory_share = 0.75;        // of Redis's budget
  std::chrono::milliseconds breaker_open = std::chrono::minutes(2);
  std::chrono::milliseconds store_unreadable = std::chrono::seconds(60);
  [[nodiscard]] bool operator==(const Guards&) const = default;
};

// How a fleet goes up. A value: it travels within the record, so that whoever drives the fleet next goes on
// with it.
struct Plan {
  std::string name = "default";
  std::chrono::milliseconds tick = std::chrono::seconds(60);
  DarkRule dark;
  ShadowRule shadow;
  std::vector<PlanStep> steps;
  std::chrono::milliseconds full_watch = std::chrono::hours(24 * 7);  // shown; nothing happens at its end
  Thresholds thresholds;
  Guards guards;
  // After something was taken back nothing starts for so long; twice as long after the next time.
  std::chrono::milliseconds cool_down = std::chrono::minutes(30);
  std::chrono::milliseconds max_cool_down = std::chrono::hours(24);
  std::uint64_t max_in_flight = 0;  // of the canary in one process; 0: no limit
  std::vector<std::string> allow;   // callers whom the canary takes first
  std::vector<std::string> deny;    // callers who stay in sync
  [[nodiscard]] bool operator==(const Plan&) const = default;
};

// The steps of 1, 5, 10, 25 and 50 % over 32 hours at least.
[[nodiscard]] Plan default_plan();

// Reads a plan strictly: what is missing keeps its default, a member that is not known or out of its bounds
// is an error (`invalid_plan`) with a JSON pointer below `pointer` in details.field. The same form in a
// record and in plan.toml: durations as "30m", weights as "12.5%".
[[nodiscard]] Result<Plan> parse_plan(const JsonObject& object, std::string_view pointer = "");
[[nodiscard]] JsonObject plan_object(const Plan& plan);

}  // namespace shunt::flip
