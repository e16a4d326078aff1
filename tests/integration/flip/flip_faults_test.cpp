// The flip while Redis is away, full or paused, and processes that are killed in the middle.
#include <gmock/gmock.h>

#include <fstream>

#include "integration/flip/flip_fleet.hpp"
#include "store/state_file.hpp"

namespace shunt::flip {
namespace {

class FlipFaults : public FlipFleet {
 protected:
  static FlipRecord place(FlipState state, std::uint64_t epoch) {
    FlipRecord record = first_record(Strategy::kSync, "s1", system_clock().now());
    record.epoch = epoch;
    record.state = state;
    if (is_forced(state)) record.before = Resting{FlipState::kFull, 0};
    return record;
  }
  void keep(const std::string& name, const FlipRecord& record, bool unmerged = false) {
    std::ofstream(file(name + ".state")) << kept_text({record, unmerged});
  }
  void put(const FlipRecord& record) {
    redis_({"HSET", key("record"), "epoch", std::to_string(record.epoch), "text", record_text(record), "seq",
            "0", "hash", ""});
  }
};

TEST_F(FlipFaults, ARestartWithoutRedisComesUpInTheLastKnownState) {
  {
    const auto a = member("a", Strategy::kQueue);
    ASSERT_TRUE(a->apply(FlipEvent::kForceSync).ok());
  }
  redis_.kill();
  const auto a = member("a", Strategy::kQueue);
  EXPECT_EQ(a->state(), FlipState::kForcedSync);
  EXPECT_FALSE(a->status().store_readable);
}

TEST_F(FlipFaults, WithoutRedisAndWithoutACopyNothingBeginsAboveDarkButWhatHadNoFlip) {
  redis_.kill();
  EXPECT_EQ(member("a", Strategy::kCanary)->state(), FlipState::kDark);
  EXPECT_EQ(member("b", Strategy::kQueue)->state(), FlipState::kFull);
}

TEST_F(FlipFaults, WhatConfigurationSaysHoldsOnceTheStoreSaysThatItHasNothing) {
  redis_.kill();
  const auto a = member("a", Strategy::kCanary);
  ASSERT_EQ(a->state(), FlipState::kDark);
  redis_.start();
  EXPECT_TRUE(eventually([&] { return a->state() == FlipState::kCanary; }));
}

TEST_F(FlipFaults, AnUnreadableStoreNeverMovesAFullFleet) {
  FlipControlOptions hasty = options("a", Strategy::kQueue);
  hasty.queue.command_timeout = 2s;
  const auto a = std::make_unique<Member>(std::move(hasty));
  redis_.kill();
  ASSERT_TRUE(eventually([&] { return a->control().view().store_unreadable_for > 1s; }));
  EXPECT_EQ(a->state(), FlipState::kFull);
  EXPECT_FALSE(a->snapshot()->is_blind());
}

TEST_F(FlipFaults, ARolloutThatIsNotWatchedSendsNothingToTheQueue) {
  FlipRecord record = place(FlipState::kCanary, 3);
  record.plan.guards.store_unreadable = 1s;
  put(record);
  FlipControlOptions hasty = options("a");
  hasty.queue.command_timeout = 2s;
  const auto a = std::make_unique<Member>(std::move(hasty));
  ASSERT_EQ(a->state(), FlipState::kCanary);
  ASSERT_FALSE(a->snapshot()->is_blind());
  redis_.suspend();
  EXPECT_TRUE(eventually([&] { return a->snapshot()->is_blind(); }));
  redis_.resume();
  EXPECT_TRUE(eventually([&] { return !a->snapshot()->is_blind(); }));
  EXPECT_EQ(a->state(), FlipState::kCanary) << "the record stays";
}

TEST_F(FlipFaults, ForceSyncActsOnTheProcessThatIsAskedSaysWhomItDidNotReachAndIsMerged) {
  const auto a = member("a", Strategy::kQueue);
  const auto b = member("b");
  ASSERT_TRUE(eventually([&] { return a->status().processes.size() == 2; }));
  redis_.kill();
  ASSERT_TRUE(eventually([&] { return !a->status().store_readable; }));
  const auto change = a->apply(FlipEvent::kForceSync, {.why = "Redis is gone"});
  ASSERT_TRUE(change.ok()) << change.error().message;
  EXPECT_FALSE(change->stored);
  EXPECT_THAT(change->not_reached, ::testing::ElementsAre(::testing::HasSubstr("b (")));
  EXPECT_EQ(a->state(), FlipState::kForcedSync);
  EXPECT_EQ(b->state(), FlipState::kFull);
  EXPECT_TRUE(a->status().unmerged);
  redis_.start();
  EXPECT_TRUE(eventually([&] { return b->state() == FlipState::kForcedSync; }));
  EXPECT_TRUE(eventually([&] { return !a->status().unmerged; }));
  EXPECT_EQ(b->status().record.why, "Redis is gone");
}

TEST_F(FlipFaults, WithoutRedisNobodyGoesUp) {
  const auto a = member("a", Strategy::kSync);
  redis_.kill();
  ASSERT_TRUE(eventually([&] { return !a->status().store_readable; }));
  for (const auto event : {FlipEvent::kAdvance, FlipEvent::kForceQueue}) {
    const auto refused = a->apply(event);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, "flip_store_unreadable");
  }
  EXPECT_EQ(a->state(), FlipState::kDark);
}

TEST_F(FlipFaults, AFullRedisKeepsNobodyFromGoingDown) {
  const auto a = member("a", Strategy::kQueue);
  redis_({"CONFIG", "SET", "maxmemory", "1"});
  const auto change = a->apply(FlipEvent::kForceSync);
  ASSERT_TRUE(change.ok()) << change.error().message;
  EXPECT_FALSE(change->stored);
  EXPECT_EQ(a->state(), FlipState::kForcedSync);
  EXPECT_TRUE(a->status().store_readable) << "what is full can be read";
  redis_({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(eventually([&] { return !a->status().unmerged; }));
}

TEST_F(FlipFaults, APausedRedisHoldsUpNobodyWhoGoesDown) {
  const auto a = member("a", Strategy::kQueue);
  redis_.suspend();
  auto change = a->begin(FlipEvent::kForceSync);
  // Less than the 5 s after which the write is given up.
  EXPECT_TRUE(eventually([&] { return a->state() == FlipState::kForcedSync; }, 4s))
      << "it acts before it writes";
  ASSERT_EQ(change.wait_for(30s), std::future_status::ready);
  EXPECT_FALSE(change.get()->stored);
  redis_.resume();
  EXPECT_TRUE(eventually([&] { return !a->status().unmerged; }));
  EXPECT_EQ(a->state(), FlipState::kForcedSync);
}

// The states that a process killed at any point of a transition can leave on disk and in Redis.
TEST_F(FlipFaults, KilledBetweenDiskAndStoreItComesUpInTheLowerOne) {
  const FlipRecord full = place(FlipState::kFull, 4);
  const FlipRecord forced = place(FlipState::kForcedSync, 5);
  put(full);
  keep("a", forced, true);  // it had acted and not yet written
  const auto a = member("a", Strategy::kQueue);
  EXPECT_EQ(a->state(), FlipState::kForcedSync);
  EXPECT_TRUE(eventually([&] { return redis_({"HGET", key("record"), "epoch"}).text == "6"; }));
}

TEST_F(FlipFaults, KilledBetweenStoreAndDiskItComesUpInTheStoredOne) {
  put(place(FlipState::kFull, 5));
  keep("a", place(FlipState::kDark, 4));  // an advance was stored and not yet kept
  EXPECT_EQ(member("a")->state(), FlipState::kFull);
  redis_.kill();
  keep("b", place(FlipState::kDark, 4));
  EXPECT_EQ(member("b")->state(), FlipState::kDark) << "the old one, which is no higher";
}

TEST_F(FlipFaults, AStateFileThatIsNoneIsLeftAloneAndCounted) {
  std::ofstream(file("a.state")) << R"({"v":1,"unmerged":false,"record":{"v":9}})";
  put(place(FlipState::kForcedSync, 5));
  const auto a = member("a", Strategy::kQueue);
  EXPECT_EQ(a->state(), FlipState::kForcedSync);
  EXPECT_EQ(a->control().view().failed_files, 1U);
}

TEST_F(FlipFaults, ReasonsThatPeopleTypeAreReadByEveryProcess) {
  const auto a = member("a", Strategy::kQueue);
  const auto b = member("b");
  const auto change =
      a->apply(FlipEvent::kForceSync, {.why = "two\nlines \x1b[31m and \xff" + std::string(1'000, 'x')});
  ASSERT_TRUE(change.ok()) << change.error().message;
  EXPECT_TRUE(change->stored);
  EXPECT_EQ(b->state(), FlipState::kForcedSync);
}

}  // namespace
}  // namespace shunt::flip
