#include "merged_views.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shunt::flip {
namespace {

using executor::ExecutorDescription;
using executor::Health;
using executor::ModelDescription;
using executor::RecordPage;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A generation's id by its number: the larger, the newer.
GenerationId id(int number) {
  std::string text = "gen_0190a0b0c0d070008000000000000000";
  const std::string digits = std::to_string(number);
  text.replace(text.size() - digits.size(), digits.size(), digits);
  return *GenerationId::parse(text);
}

RecordPage page(const std::vector<int>& numbers, std::optional<int> next = {}) {
  RecordPage made;
  for (const int number : numbers) made.records.emplace_back().id = id(number);
  if (next) made.next = id(*next);
  return made;
}

std::vector<GenerationId> ids_of(const RecordPage& merged) {
  std::vector<GenerationId> ids;
  for (const auto& record : merged.records) ids.push_back(record.id);
  return ids;
}

TEST(MergedPages, AreNewestFirstWithoutDoubles) {
  const RecordPage merged = merge(page({9, 5, 2}), page({8, 5, 1}), 50);
  EXPECT_THAT(ids_of(merged), ElementsAre(id(9), id(8), id(5), id(2), id(1)));
  EXPECT_FALSE(merged.next);
}

TEST(MergedPages, OfTwoRecordsOfOneGenerationTheFirstPagesIsKept) {
  RecordPage own = page({5});
  own.records[0].text = "own";
  EXPECT_EQ(merge(own, page({5}), 50).records.at(0).text, "own");
}

TEST(MergedPages, EndWhereOneOfThemHasNotToldAll) {
  const RecordPage merged = merge(page({9, 5}, 5), page({8, 2, 1}), 50);
  EXPECT_THAT(ids_of(merged), ElementsAre(id(9), id(8), id(5)));
  EXPECT_EQ(merged.next, id(5));
}

TEST(MergedPages, OfWhichOneWasCutBeforeItFoundAnythingLeadOn) {
  const RecordPage merged = merge(page({3, 2}), page({}, 6), 50);
  EXPECT_THAT(ids_of(merged), IsEmpty());
  EXPECT_EQ(merged.next, id(6));
}

TEST(MergedPages, AreCutAtTheLimit) {
  const RecordPage merged = merge(page({9, 5}, 5), page({8, 7}, 7), 2);
  EXPECT_THAT(ids_of(merged), ElementsAre(id(9), id(8)));
  EXPECT_EQ(merged.next, id(8));
}

// Pages of pages: whatever lies where, everything comes once and in order.
TEST(MergedPages, LeadThroughEverythingOnce) {
  const std::vector<int> sync = {20, 19, 18, 11, 5, 4, 3, 1};
  const std::vector<int> queue = {17, 16, 15, 14, 13, 12, 10, 9, 8, 7, 6, 2};
  const auto page_of = [](const std::vector<int>& all, const std::optional<GenerationId>& before,
                          std::size_t limit) {
    RecordPage made;
    for (const int number : all) {
      if (before && id(number) >= *before) continue;
      if (made.records.size() == limit) {
        made.next = made.records.back().id;
        break;
      }
      made.records.emplace_back().id = id(number);
    }
    return made;
  };
  for (std::size_t limit = 1; limit < 8; ++limit) {
    std::vector<GenerationId> seen;
    std::optional<GenerationId> before;
    do {
      const RecordPage merged = merge(page_of(sync, before, limit), page_of(queue, before, limit), limit);
      for (const GenerationId& each : ids_of(merged)) seen.push_back(each);
      before = merged.next;
    } while (before);
    std::vector<GenerationId> all;
    for (int number = 20; number > 0; --number) all.push_back(id(number));
    EXPECT_EQ(seen, all) << "limit " << limit;
  }
}

ModelDescription model(std::size_t open, std::size_t workers) {
  ModelDescription made{.name = "m", .open = open, .workers = workers};
  made.slots = 10 * workers;
  return made;
}

TEST(MergedModels, AddUpWhatIsOpenAndHaveTheWorkersThatNewWorkMayGoTo) {
  const auto merged = [](Traffic traffic) {
    return merge_models({model(2, 1)}, {model(3, 4)}, traffic).at(0);
  };
  EXPECT_EQ(merged(Traffic::kSync).open, 5U);
  EXPECT_EQ(merged(Traffic::kSync).workers, 1U);
  EXPECT_EQ(merged(Traffic::kSplit).workers, 4U);
  EXPECT_EQ(merged(Traffic::kQueue).open, 5U);
  EXPECT_EQ(merged(Traffic::kQueue).slots, 40U);
}

TEST(MergedModels, AreNotMadeUpForAQueueThatIsNotKnown) {
  EXPECT_TRUE(merge_models({model(2, 1)}, {}, Traffic::kQueue).empty());
  EXPECT_EQ(merge_models({model(2, 1)}, {}, Traffic::kSplit).at(0).open, 2U);
  EXPECT_EQ(merge_models({model(2, 1)}, {}, Traffic::kSync).at(0).workers, 1U);
}

TEST(MergedDescription, IsReadyWithoutRedisWhereSomeOfTheTrafficNeedsNone) {
  using S = FlipState;
  ExecutorDescription queue{.name = "queue", .mode = "queue", .health = Health::kDegraded, .reason = "away"};
  const ExecutorDescription sync{.name = "sync", .mode = "sync", .reason = {}};
  for (const S state :
       {S::kOff, S::kDark, S::kShadow, S::kCanary, S::kAborting, S::kDraining, S::kForcedSync}) {
    const ExecutorDescription merged = merge(sync, queue, state);
    EXPECT_EQ(merged.health, Health::kReady) << state_name(state);
    EXPECT_EQ(merged.warnings.at(0).code, "queue_unavailable") << state_name(state);
  }
  for (const S state : {S::kFull, S::kForcedQueue}) {
    const ExecutorDescription merged = merge(sync, queue, state);
    EXPECT_EQ(merged.health, Health::kDegraded) << state_name(state);
    EXPECT_EQ(merged.reason, "away");
    EXPECT_TRUE(merged.warnings.empty());
  }
  queue.health = Health::kReady;
  EXPECT_TRUE(merge(sync, queue, S::kDark).warnings.empty());
}

TEST(MergedDescription, DrainsInEveryState) {
  ExecutorDescription sync{.name = "sync", .mode = "sync", .reason = {}};
  sync.health = Health::kDraining;
  ExecutorDescription queue{.name = "queue", .mode = "queue", .reason = {}};
  queue.health = Health::kDraining;
  queue.reason = "shutting down";
  for (const FlipState state : {FlipState::kDark, FlipState::kCanary, FlipState::kFull}) {
    EXPECT_EQ(merge(sync, queue, state).health, Health::kDraining);
    EXPECT_EQ(merge(sync, queue, state).reason, "shutting down");
  }
}

TEST(MergedDescription, DrainsOnceNeitherTakesWork) {
  const ExecutorDescription ready{.name = "queue", .mode = "queue", .reason = {}};
  ExecutorDescription draining = ready;
  draining.health = Health::kDraining;
  for (const FlipState state : {FlipState::kDark, FlipState::kCanary, FlipState::kFull}) {
    EXPECT_EQ(merge(draining, ready, state).health, Health::kReady);
    EXPECT_EQ(merge(ready, draining, state).health, Health::kReady);
  }
}

TEST(MergedDescription, SaysWhereNewWorkGoes) {
  const ExecutorDescription sync{.name = "sync", .mode = "sync", .reason = {}};
  const ExecutorDescription queue{.name = "queue", .mode = "queue", .reason = {}};
  const auto words = [&](FlipState state) {
    const ExecutorDescription merged = merge(sync, queue, state);
    return merged.name + '/' + merged.mode;
  };
  EXPECT_EQ(words(FlipState::kFull), "queue/queue");
  EXPECT_EQ(words(FlipState::kForcedQueue), "queue/queue");
  EXPECT_EQ(words(FlipState::kCanary), "split/canary");
  EXPECT_EQ(words(FlipState::kShadow), "sync/shadow");
  EXPECT_EQ(words(FlipState::kDark), "sync/sync");
  EXPECT_EQ(words(FlipState::kForcedSync), "sync/sync");
}

}  // namespace
}  // namespace shunt::flip
