#include "worker/fetch_step.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bullmq::detail {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;

std::string shown(const FetchStep& step) {
  if (std::holds_alternative<StopFetching>(step)) return "stop";
  if (std::holds_alternative<WaitForSlot>(step)) return "wait for a slot";
  if (std::holds_alternative<FetchNow>(step)) return "fetch";
  if (const auto* limit = std::get_if<WaitForRateLimit>(&step)) return "limited " + std::to_string(limit->ms);
  return "block " + std::to_string(std::get<BlockOnMarker>(step).seconds);
}

struct Case {
  const char* name;
  FetchState state;
  const char* step;
};

TEST(FetchStep, FollowsFromTheState) {
  const Case cases[] = {
      {"fresh", {}, "fetch"},
      {"stopping", {.stopping = true}, "stop"},
      {"stopping comes before all",
       {.stopping = true, .active = 1, .supply = Supply::none, .limit_until = kNow + 1},
       "stop"},
      {"full", {.active = 1}, "wait for a slot"},
      {"more than full after concurrency fell", {.active = 5, .concurrency = 2}, "wait for a slot"},
      {"full comes before the limit", {.active = 1, .limit_until = kNow + 5}, "wait for a slot"},
      {"a slot is free", {.active = 1, .concurrency = 2}, "fetch"},
      {"limited", {.limit_until = kNow + 250}, "limited 250"},
      {"limited for long", {.limit_until = kNow + 100'000}, "limited 30000"},
      {"limited for ever", {.limit_until = INT64_MAX}, "limited 30000"},
      {"limited comes before drained", {.supply = Supply::none, .limit_until = kNow + 1}, "limited 1"},
      {"no longer limited", {.limit_until = kNow}, "fetch"},
      {"drained", {.supply = Supply::none}, "block 5.000000"},
      {"drained, a delayed job to come",
       {.supply = Supply::none, .block_until = kNow + 1'500.0},
       "block 1.500000"},
      {"drained, a delayed job far away",
       {.supply = Supply::none, .block_until = kNow + 60'000.0},
       "block 10.000000"},
      {"drained, a delayed job in a moment",
       {.supply = Supply::none, .block_until = kNow + 0.5},
       "block 0.002000"},
      {"drained, a delayed job is due", {.supply = Supply::none, .block_until = kNow}, "fetch"},
      {"drained, a delayed job was due", {.supply = Supply::none, .block_until = 1}, "fetch"},
      {"drained, nonsense", {.supply = Supply::none, .block_until = -5}, "block 5.000000"},
      {"drained, at the end of time", {.supply = Supply::none, .block_until = 1e300}, "block 10.000000"},
      {"not drained, a delayed job to come", {.block_until = kNow + 1'500.0}, "fetch"},
  };
  for (const Case& c : cases) EXPECT_EQ(shown(next_fetch_step(c.state, {}, kNow)), c.step) << c.name;
}

TEST(FetchStep, KeepsToTheLimitsOfTheWorker) {
  EXPECT_EQ(shown(next_fetch_step({.supply = Supply::none}, {.drain_delay_ms = 60'000}, kNow)),
            "block 60.000000");
  EXPECT_EQ(shown(next_fetch_step({.supply = Supply::none}, {.drain_delay_ms = 0}, kNow)), "block 0.002000");
  EXPECT_EQ(shown(next_fetch_step({.limit_until = kNow + 500}, {.maximum_rate_limit_delay_ms = 100}, kNow)),
            "limited 100");
}

TEST(FetchStep, NeverBlocksForEver) {
  // Redis takes a timeout of 0 for no timeout.
  for (double until = 0; until < 20'000; until += 0.25) {
    const auto step = next_fetch_step(
        {.supply = Supply::none, .block_until = static_cast<double>(kNow) - 5'000 + until}, {}, kNow);
    if (const auto* block = std::get_if<BlockOnMarker>(&step)) {
      EXPECT_GE(block->seconds, kShortestBlockSeconds);
      EXPECT_LE(block->seconds, kLongestBlockSeconds);
    }
  }
}

// What a worker knows of the queue, through everything that can come between two fetches.
TEST(Supply, SaysOnceThatTheQueueIsDrained) {
  EXPECT_TRUE(is_newly_drained(Supply::unknown, Fetched::nothing));
  EXPECT_FALSE(is_newly_drained(Supply::none, Fetched::nothing));
  EXPECT_FALSE(is_newly_drained(Supply::signalled, Fetched::nothing));
  for (const Supply before : {Supply::unknown, Supply::none, Supply::signalled}) {
    EXPECT_FALSE(is_newly_drained(before, Fetched::job));
    EXPECT_FALSE(is_newly_drained(before, Fetched::trouble));
  }
}

TEST(Supply, FollowsFromWhatAFetchFound) {
  EXPECT_EQ(after_fetch(Fetched::nothing), Supply::none);
  EXPECT_EQ(after_fetch(Fetched::job), Supply::unknown);
  // Whether something is there is for the next fetch to find out.
  EXPECT_EQ(after_fetch(Fetched::trouble), Supply::unknown);
}

TEST(Supply, OwesAFetchForAMarkerThatMayHaveBeenTaken) {
  const Supply blocking = after_blocking_begins(Supply::none);
  EXPECT_EQ(blocking, Supply::signalled);
  // The connection broke: the next step is a fetch.
  EXPECT_EQ(shown(next_fetch_step({.supply = blocking}, {}, kNow)), "fetch");
  // The marker told of a delayed job to come: it is waited for.
  EXPECT_EQ(after_marker(blocking, false), Supply::none);
  EXPECT_EQ(after_marker(blocking, true), Supply::signalled);
}

TEST(Supply, StaysUnknownWhenTheConnectionCameUpMeanwhile) {
  EXPECT_EQ(after_blocking_begins(Supply::unknown), Supply::unknown);
  EXPECT_EQ(after_marker(Supply::unknown, false), Supply::unknown);
  EXPECT_EQ(after_marker(Supply::unknown, true), Supply::unknown);
}

}  // namespace
}  // namespace bullmq::detail
