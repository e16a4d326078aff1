#include "redis/reconnect_delay.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace bullmq::detail {
namespace {

using std::chrono::milliseconds;

TEST(ReconnectDelay, DoublesUpToTheLast) {
  const std::pair<unsigned, int> delays[] = {
      {0, 50},    {1, 50},    {2, 100},   {3, 200},
      {7, 3'200}, {8, 5'000}, {9, 5'000}, {std::numeric_limits<unsigned>::max(), 5'000},
  };
  for (const auto& [failures, delay] : delays)
    EXPECT_EQ(reconnect_delay(milliseconds(50), milliseconds(5'000), failures, 0), milliseconds(delay))
        << failures;
}

TEST(ReconnectDelay, TakesUpToHalfAway) {
  for (unsigned failures = 0; failures < 40; ++failures) {
    const auto whole = reconnect_delay(milliseconds(50), milliseconds(5'000), failures, 0);
    for (const double random : {0.1, 0.5, 0.999999}) {
      const auto delay = reconnect_delay(milliseconds(50), milliseconds(5'000), failures, random);
      EXPECT_LT(delay, whole);
      EXPECT_GE(delay, whole / 2);
    }
  }
}

TEST(ReconnectDelay, IsNeverMoreThanTheLast) {
  EXPECT_EQ(reconnect_delay(milliseconds(500), milliseconds(100), 1, 0), milliseconds(100));
  EXPECT_EQ(reconnect_delay(milliseconds(0), milliseconds(100), 100, 0), milliseconds(0));
  EXPECT_EQ(reconnect_delay(milliseconds(1), milliseconds::max(), 1'000, 0), milliseconds::max());
}

}  // namespace
}  // namespace bullmq::detail
