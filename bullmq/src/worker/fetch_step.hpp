#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace bullmq::detail {

// What a worker knows of the jobs that wait.
enum class Supply {
  unknown,    // there may be some: it fetches, and says so when it finds none
  none,       // the last fetch found none: it waits for the marker
  signalled,  // the marker was taken, or may have been when its connection broke: it has to fetch
};

// A fetch has found a job, or nothing, or something wrong with what waits: whether that is nothing is for the
// next fetch to find out.
enum class Fetched { job, nothing, trouble };
[[nodiscard]] constexpr Supply after_fetch(Fetched fetched) noexcept {
  return fetched == Fetched::nothing ? Supply::none : Supply::unknown;
}
// A worker says once that the queue is drained.
[[nodiscard]] constexpr bool is_newly_drained(Supply before, Fetched fetched) noexcept {
  return before == Supply::unknown && fetched == Fetched::nothing;
}
// The wait for the marker begins: its answer may be lost, and a marker with it.
[[nodiscard]] constexpr Supply after_blocking_begins(Supply before) noexcept {
  return before == Supply::none ? Supply::signalled : before;
}
// The marker came, and says that a job is due, or when one will be.
[[nodiscard]] constexpr Supply after_marker(Supply before, bool is_due) noexcept {
  return before == Supply::signalled && !is_due ? Supply::none : before;
}

// What a worker that wants more to do does next: a decision without I/O. Times are ms since the epoch.
struct FetchState {
  bool stopping = false;  // closing or paused
  std::size_t active = 0;
  std::size_t concurrency = 1;
  Supply supply = Supply::unknown;
  std::int64_t limit_until = 0;
  // When the next delayed job is due; 0: nobody knows of one.
  double block_until = 0;
};

struct FetchLimits {
  std::int64_t drain_delay_ms = 5'000;
  std::int64_t maximum_rate_limit_delay_ms = 30'000;
};

struct StopFetching {};
struct WaitForSlot {};
struct WaitForRateLimit {
  std::int64_t ms;
};
// Wait for the marker, at most for that long.
struct BlockOnMarker {
  double seconds;
};
struct FetchNow {};
using FetchStep = std::variant<StopFetching, WaitForSlot, WaitForRateLimit, BlockOnMarker, FetchNow>;

// A blocked connection that breaks is noticed late, so it blocks at most this long (upstream's bound).
inline constexpr double kLongestBlockSeconds = 10;
// Redis before 7.0.8 takes a shorter timeout for none at all, and blocks for ever.
inline constexpr double kShortestBlockSeconds = 0.002;

[[nodiscard]] inline FetchStep next_fetch_step(const FetchState& state, const FetchLimits& limits,
                                               std::int64_t now) {
  if (state.stopping) return StopFetching{};
  if (state.active >= state.concurrency) return WaitForSlot{};
  if (state.limit_until > now) {
    return WaitForRateLimit{std::min(state.limit_until - now, limits.maximum_rate_limit_delay_ms)};
  }
  if (state.supply != Supply::none) return FetchNow{};
  double seconds = static_cast<double>(limits.drain_delay_ms) / 1'000;
  if (state.block_until > 0) {
    const double left_ms = state.block_until - static_cast<double>(now);
    if (left_ms <= 0) return FetchNow{};
    seconds = std::min(left_ms / 1'000, kLongestBlockSeconds);
  }
  return BlockOnMarker{std::max(seconds, kShortestBlockSeconds)};
}

}  // namespace bullmq::detail
