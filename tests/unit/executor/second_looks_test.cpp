// When a generation that was not found is looked for again.
#include "queue/services/second_looks.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::executor {
namespace {

using namespace std::chrono_literals;

std::vector<std::chrono::milliseconds> pauses_at(std::chrono::milliseconds age) {
  std::vector<std::chrono::milliseconds> pauses;
  while (const auto pause = pause_before_look(age, static_cast<int>(pauses.size()))) pauses.push_back(*pause);
  return pauses;
}

TEST(SecondLooks, AYoungGenerationIsLookedForAgainAFewTimesAndMoreRarely) {
  const auto pauses = pauses_at(3ms);
  EXPECT_EQ(pauses, (std::vector{5ms, 10ms, 20ms, 40ms, 80ms}));
}

TEST(SecondLooks, AnOldOneIsNot) {
  EXPECT_TRUE(pauses_at(1'001ms).empty());
  EXPECT_TRUE(pauses_at(std::chrono::hours(24)).empty());
  EXPECT_FALSE(pauses_at(1'000ms).empty());
}

TEST(SecondLooks, OneOfAClockThatIsAheadIsYoungByAsMuch) {
  EXPECT_FALSE(pauses_at(-1'000ms).empty());
  EXPECT_TRUE(pauses_at(-1'001ms).empty());
  EXPECT_TRUE(pauses_at(-std::chrono::hours(24 * 365)).empty());
}

}  // namespace
}  // namespace shunt::executor
