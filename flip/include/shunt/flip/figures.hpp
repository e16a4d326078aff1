#pragma once

#include <chrono>
#include <cstdint>

#include <string_view>

#include "shunt/flip/latency_histogram.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What one side of the comparison did since the step began: generations of callers whom the bucket placed
// there.
struct SideFigures {
  std::uint64_t jobs = 0;    // that ended and are judged
  std::uint64_t errors = 0;  // of them: see judge_end
  LatencyHistogram total;    // from admission to the end
  [[nodiscard]] bool operator==(const SideFigures&) const = default;
};

// What needs no statistics: since the step began, or as it is now.
struct GuardFigures {
  std::uint64_t duplicates = 0;  // keys whose generation ran twice, since two processes had them
  std::uint64_t lost = 0;        // accepted by the queue, and ended by the loss of their worker or their job
  std::uint64_t evictions = 0;   // of Redis
  double memory_share = 0;       // used of what Redis may have
  std::chrono::milliseconds oldest_waiting{0};
  std::chrono::milliseconds wait_deadline{0};  // 0: unknown
  bool leases_gone = false;                    // no worker has one
  std::chrono::milliseconds breaker_open_for{
      0};  // of the process where it has been open for longest; no drills
};

// One tick's reading. What cannot be read is std::nullopt where this is taken: "no data".
struct Figures {
  SideFigures canary;
  SideFigures control;
  GuardFigures guards;
  // Of the dark stage and of the shadow.
  std::uint64_t probes_in_a_row = 0;  // good ones, since the last bad one
  std::uint64_t comparisons = 0;
  std::uint64_t mismatches = 0;
  bool traffic = false;  // anything at all was admitted since the last tick: else a step's clock stands still
  bool in_flight = false;  // anything waits, runs, is delayed or awaited in the queue
};

// What the end of a generation says about the executor that ran it.
enum class EndJudgement { kGood, kError, kNotJudged };
// `state` and `code` as in the generation's record ("failed", "worker_lost"). Errors are ends as failed with
// codes of the server's side, the lost and the timed out among them. Cancelled generations, input that was
// refused and limits of the upstream are the caller's or somebody else's doing: they are shown, not judged.
[[nodiscard]] EndJudgement judge_end(std::string_view state, std::string_view code) noexcept;

}  // namespace shunt::flip
