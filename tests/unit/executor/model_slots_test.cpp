#include "model_slots.hpp"

#include <gtest/gtest.h>

#include "sync_run.hpp"

namespace shunt::executor {
namespace {

class NobodysOwner final : public RunOwner {
 public:
  void run_ended(SyncRun&) override {}
};

class ModelSlotsTest : public ::testing::Test {
 protected:
  ModelSlotsTest() {
    model_.concurrency = 1;
    model_.max_waiting = 2;
    (void)slots_.set_limits(model_);
  }
  std::shared_ptr<SyncRun> run() {
    auto generation = std::make_shared<Generation>(Envelope{}, system_clock(), OutputLimits{});
    SyncRun::Place place{owner_, std::make_shared<const Model>(model_), nullptr};
    auto made = std::make_shared<SyncRun>(std::move(place), Envelope{}, std::move(generation), loop_,
                                          SteadyTime{}, std::chrono::seconds(1));
    made->dismiss();
    return made;
  }

  EventLoop loop_;
  Model model_;
  ModelSlots slots_{model_};
  std::shared_ptr<NobodysOwner> owner_ = std::make_shared<NobodysOwner>();
};

TEST_F(ModelSlotsTest, FillsSlotsThenTheLineThenRefuses) {
  EXPECT_EQ(slots_.take(run()), ModelSlots::Grant::kRunning);
  EXPECT_EQ(slots_.take(run()), ModelSlots::Grant::kWaiting);
  EXPECT_EQ(slots_.take(run()), ModelSlots::Grant::kWaiting);
  EXPECT_EQ(slots_.take(run()), ModelSlots::Grant::kFull);
  EXPECT_EQ(slots_.running(), 1U);
  EXPECT_EQ(slots_.waiting(), 2U);
}

TEST_F(ModelSlotsTest, MoreSlotsStartThoseInLine) {
  const auto first = run();
  const auto second = run();
  (void)slots_.take(run());
  (void)slots_.take(first);
  (void)slots_.take(second);
  model_.concurrency = 2;
  EXPECT_EQ(slots_.set_limits(model_), std::vector{first});
  EXPECT_EQ(slots_.running(), 2U);
  model_.concurrency = 9;
  EXPECT_EQ(slots_.set_limits(model_), std::vector{second});
  EXPECT_EQ(slots_.take(run()), ModelSlots::Grant::kRunning);
}

TEST_F(ModelSlotsTest, WithFewerSlotsNobodyFollowsThoseThatRunUntilTheyFit) {
  model_.concurrency = 3;
  EXPECT_TRUE(slots_.set_limits(model_).empty());
  for (int i = 0; i < 3; ++i) (void)slots_.take(run());
  const auto waits = run();
  (void)slots_.take(waits);
  model_.concurrency = 1;
  model_.max_waiting = 1;
  EXPECT_TRUE(slots_.set_limits(model_).empty());
  EXPECT_EQ(slots_.take(run()), ModelSlots::Grant::kFull);
  EXPECT_EQ(slots_.release({}), nullptr);
  EXPECT_EQ(slots_.release({}), nullptr);
  EXPECT_EQ(slots_.running(), 1U);
  EXPECT_EQ(slots_.release({}), waits);
}

TEST_F(ModelSlotsTest, AFreedSlotGoesToTheFirstInLine) {
  const auto first = run();
  const auto second = run();
  (void)slots_.take(run());
  (void)slots_.take(first);
  (void)slots_.take(second);
  EXPECT_EQ(slots_.release({}), first);
  EXPECT_EQ(slots_.release({}), second);
  EXPECT_EQ(slots_.release({}), nullptr);
  EXPECT_EQ(slots_.running(), 0U);
}

TEST_F(ModelSlotsTest, WhoLeavesTheLineIsNotStarted) {
  const auto left = run();
  const auto stays = run();
  (void)slots_.take(run());
  (void)slots_.take(left);
  (void)slots_.take(stays);
  EXPECT_TRUE(slots_.leave_line(*left));
  EXPECT_FALSE(slots_.leave_line(*left));
  EXPECT_EQ(slots_.release({}), stays);
}

TEST_F(ModelSlotsTest, AdvisesToComeBackAfterAboutOneRunWithinASecondAndAMinute) {
  EXPECT_EQ(slots_.retry_after(), std::chrono::seconds(1));
  (void)slots_.take(run());
  for (int i = 0; i < 200; ++i) {
    (void)slots_.take(run());
    (void)slots_.release(std::chrono::seconds(10));
  }
  EXPECT_NEAR(static_cast<double>(slots_.retry_after().count()), 10'000, 100);
  for (int i = 0; i < 200; ++i) {
    (void)slots_.take(run());
    (void)slots_.release(std::chrono::hours(1));
  }
  EXPECT_EQ(slots_.retry_after(), std::chrono::minutes(1));
}

}  // namespace
}  // namespace shunt::executor
