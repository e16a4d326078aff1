#include "service/turn_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shunt::api {
namespace {

class TurnQueueTest : public ::testing::Test {
 protected:
  void push(const std::string& caller, char name) {
    queue_.push(caller, [this, name] { done_ += name; });
  }
  // Begins a piece; its caller, or "" where there is none that may begin.
  std::string begin() {
    const auto piece = queue_.take();
    if (!piece) return "";
    piece->work();
    return piece->caller;
  }

  TurnQueue queue_{2};
  std::string done_{};
};

TEST_F(TurnQueueTest, ACallersPiecesAreInItsOrderAndCallersTakeTurns) {
  for (const char name : {'1', '2', '3'}) push("a", name);
  push("b", 'x');
  push("c", 'y');
  for (std::string caller = begin(); !caller.empty(); caller = begin()) queue_.ended(caller);
  EXPECT_EQ(done_, "1xy23");
}

TEST_F(TurnQueueTest, ACallerHasSoManyUnderWayAndLeavesTheRestToOthers) {
  for (const char name : {'1', '2', '3', '4'}) push("a", name);
  begin();
  begin();
  EXPECT_EQ(begin(), "");
  push("b", 'x');
  EXPECT_EQ(begin(), "b");
  queue_.ended("a");
  EXPECT_EQ(begin(), "a");
  EXPECT_EQ(begin(), "");
  EXPECT_EQ(done_, "12x3");
}

TEST_F(TurnQueueTest, WhoComesAgainStandsBehindThoseWhoWait) {
  push("a", '1');
  push("b", 'x');
  EXPECT_EQ(begin(), "a");
  queue_.ended("a");
  push("a", '2');
  push("b", 'y');
  EXPECT_EQ(begin(), "b");
  EXPECT_EQ(begin(), "a");
  EXPECT_EQ(begin(), "b");
  EXPECT_EQ(begin(), "");
}

}  // namespace
}  // namespace shunt::api
