#include "shunt/flip/drain.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

DrainFacts drained() {
  DrainFacts facts;
  facts.state = FlipState::kDraining;
  facts.work = {{.model = "echo"}, {.model = "speech"}};
  return facts;
}

TEST(Drain, MayDisconnectOnceNothingIsThereAnyMore) {
  const DrainVerdict verdict = judge_drain(drained());
  EXPECT_EQ(verdict.stage, DrainStage::kDrained);
  EXPECT_TRUE(verdict.may_disconnect);
  EXPECT_THAT(verdict.reasons, IsEmpty());
}

TEST(Drain, AdmitsWhileAnythingMaySendToTheQueue) {
  DrainFacts facts = drained();
  facts.state = FlipState::kFull;
  facts.sends_to_queue = true;
  facts.work[0].waiting = 3;
  EXPECT_EQ(judge_drain(facts).stage, DrainStage::kAdmitting);
  EXPECT_THAT(judge_drain(facts).reasons,
              ElementsAre("new work goes to the queue (full)", "echo: 3 waiting"));
  facts = drained();
  facts.unaware = {"api-2"};
  EXPECT_EQ(judge_drain(facts).stage, DrainStage::kAdmitting);
  EXPECT_FALSE(judge_drain(facts).may_disconnect);
}

TEST(Drain, WaitsForAllThatIsOpenByModel) {
  DrainFacts facts = drained();
  facts.work[1] = {.model = "speech", .waiting = 1, .active = 2, .delayed = 3, .awaited = 4};
  const DrainVerdict verdict = judge_drain(facts, {.results = true, .keys = true});
  EXPECT_EQ(verdict.stage, DrainStage::kDraining);
  EXPECT_THAT(verdict.reasons, ElementsAre("speech: 1 waiting, 2 active, 3 delayed, 4 awaited"));
}

TEST(Drain, WhatHasEndedIsLostOnlyWhereAPersonAcceptsIt) {
  DrainFacts facts = drained();
  facts.results = {12, WallTime(std::chrono::hours(24 * 365 * 50))};
  facts.keys = {7, std::nullopt};
  const DrainVerdict verdict = judge_drain(facts);
  EXPECT_EQ(verdict.stage, DrainStage::kDrained);
  EXPECT_FALSE(verdict.may_disconnect);
  EXPECT_THAT(verdict.reasons,
              ElementsAre("12 results would be lost; the last goes by itself at 2019-12-20T00:00:00.000Z",
                          "7 idempotency keys would be lost"));
  EXPECT_FALSE(judge_drain(facts, {.results = true}).may_disconnect);
  EXPECT_FALSE(judge_drain(facts, {.keys = true}).may_disconnect);
  EXPECT_TRUE(judge_drain(facts, {.results = true, .keys = true}).may_disconnect);
}

}  // namespace
}  // namespace shunt::flip
