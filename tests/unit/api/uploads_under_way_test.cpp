#include "service/uploads_under_way.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::api {
namespace {

TEST(UploadsUnderWay, ACallersBytesTogetherAreWithinItsLimit) {
  UploadsUnderWay all(3);
  auto first = all.begin("a");
  auto second = all.begin("a");
  auto other = all.begin("b");
  EXPECT_TRUE(first->try_add(60, 100));
  EXPECT_FALSE(second->try_add(41, 100));
  EXPECT_TRUE(second->try_add(40, 100));
  EXPECT_TRUE(other->try_add(100, 100));
  EXPECT_FALSE(other->try_add(~std::uint64_t{0}, ~std::uint64_t{0}));
  EXPECT_EQ(all.written(), 200U);
}

TEST(UploadsUnderWay, WhatHasEndedCountsNoMore) {
  UploadsUnderWay all(3);
  {
    auto first = all.begin("a");
    EXPECT_TRUE(first->try_add(100, 100));
    const UploadsUnderWay::Share moved = std::move(*first);
    EXPECT_EQ(all.now(), 1U);
  }
  EXPECT_EQ(all.now(), 0U);
  auto again = all.begin("a");
  EXPECT_TRUE(again->try_add(100, 100));
}

TEST(UploadsUnderWay, ACallerHasSoManyAtOnceAndLeavesRoomForOthers) {
  UploadsUnderWay all(3);
  std::vector<UploadsUnderWay::Share> shares;
  for (std::size_t i = 0; i < 3; ++i) shares.push_back(std::move(*all.begin("a")));
  EXPECT_FALSE(all.begin("a").has_value());
  EXPECT_TRUE(all.begin("b").has_value());
  shares.pop_back();
  EXPECT_TRUE(all.begin("a").has_value());
}

}  // namespace
}  // namespace shunt::api
