#include "caller_locks.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

namespace shunt::generation {
namespace {

TEST(CallerLocks, OneWhoHoldsHisKeepsNobodyElseWaiting) {
  CallerLocks locks;
  const auto held = locks.hold("a");
  for (int i = 0; i < 100; ++i) {
    const auto another = locks.hold(std::to_string(i));
    EXPECT_EQ(locks.size(), 2U);
  }
}

TEST(CallerLocks, ACallerHasOneAndItGoesWithItsLastUser) {
  CallerLocks locks;
  int count = 0;
  std::vector<std::future<void>> users;
  for (int i = 0; i < 8; ++i) {
    users.push_back(std::async(std::launch::async, [&] {
      for (int round = 0; round < 500; ++round) {
        const auto held = locks.hold("a");
        ++count;
      }
    }));
  }
  for (auto& user : users) user.get();
  EXPECT_EQ(count, 4000);
  EXPECT_EQ(locks.size(), 0U);
}

}  // namespace
}  // namespace shunt::generation
