#include "shunt/flip/queue_down.hpp"

#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

using std::chrono::seconds;

struct Case {
  OnQueueDown policy;
  Trouble trouble;
  bool claim_won;
  bool has_room;
  QueueDownAnswer answer;
};

TEST(QueueDown, IsAnsweredByTheModelsPolicy) {
  constexpr auto kRefuse = OnQueueDown::kRefuse;
  constexpr auto kSync = OnQueueDown::kSync;
  const Case cases[] = {
      {kRefuse, Trouble::kNotTried, false, true, QueueDownAnswer::kRefuse},
      {kRefuse, Trouble::kRefused, false, true, QueueDownAnswer::kRefuse},
      {kRefuse, Trouble::kUnknown, false, true, QueueDownAnswer::kAskAgain},
      {kRefuse, Trouble::kUnknown, true, true, QueueDownAnswer::kAskAgain},
      {kSync, Trouble::kNotTried, false, true, QueueDownAnswer::kRunSync},
      {kSync, Trouble::kNotTried, false, false, QueueDownAnswer::kRefuse},
      {kSync, Trouble::kRefused, false, true, QueueDownAnswer::kRunSync},
      {kSync, Trouble::kRefused, false, false, QueueDownAnswer::kRefuse},
      {kSync, Trouble::kUnknown, false, true, QueueDownAnswer::kAskAgain},
      {kSync, Trouble::kUnknown, true, true, QueueDownAnswer::kRunSync},
      {kSync, Trouble::kUnknown, true, false, QueueDownAnswer::kRefuse},
  };
  for (const Case& c : cases) {
    const QueueDownInput input{c.policy, c.trouble, c.claim_won, c.has_room ? 1U : 2U, 2};
    EXPECT_EQ(answer_queue_down(input), c.answer)
        << int(c.policy) << ' ' << int(c.trouble) << ' ' << c.claim_won << ' ' << c.has_room;
  }
}

TEST(QueueDown, RunsNothingHereWithoutABulkhead) {
  EXPECT_EQ(answer_queue_down({.policy = OnQueueDown::kSync}), QueueDownAnswer::kRefuse);
}

TEST(QueueDown, CountsAQueueWithoutWorkerOrWithAnOldJobForModelsThatSaySo) {
  const seconds deadline(60);
  EXPECT_FALSE(counts_as_down({true, true}, {}, deadline)) << "what is not known is not down";
  EXPECT_FALSE(counts_as_down({}, QueueHealth{0, seconds(99)}, deadline));
  EXPECT_TRUE(counts_as_down({.without_worker = true}, QueueHealth{0, seconds(0)}, deadline));
  EXPECT_FALSE(counts_as_down({.without_worker = true}, QueueHealth{1, seconds(99)}, deadline));
  EXPECT_TRUE(counts_as_down({.when_late = true}, QueueHealth{1, seconds(31)}, deadline));
  EXPECT_FALSE(counts_as_down({.when_late = true}, QueueHealth{1, seconds(30)}, deadline));
}

}  // namespace
}  // namespace shunt::flip
