#include "admission/key_ring.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::api {
namespace {

ApiKey key_named(const char* name) {
  ApiKey key;
  key.name = name;
  return key;
}

TEST(Key, BodiesOfAKeyTogetherAreWithinItsShareAndOneAloneMayBeMore) {
  const Key key(key_named("a"), SteadyTime());
  std::vector<Key::BodyShare> shares;
  for (int i = 0; i < 3; ++i) {
    auto share = key.admit_body(30, 100);
    ASSERT_TRUE(share.has_value());
    shares.push_back(std::move(*share));
  }
  EXPECT_FALSE(key.admit_body(11, 100).has_value());
  EXPECT_TRUE(key.admit_body(10, 100).has_value());
  EXPECT_FALSE(key.admit_body(~std::uint64_t{0}, 100).has_value());
  shares.clear();
  const auto large = key.admit_body(1000, 100);
  EXPECT_TRUE(large.has_value());
  EXPECT_FALSE(key.admit_body(1, 100).has_value());
}

TEST(Key, AReloadForgetsNoBodies) {
  const std::vector<ApiKey> keys{key_named("a"), key_named("b")};
  const KeyRing before(keys, SteadyTime());
  EXPECT_TRUE(before.has_several());
  const auto share = before.find_caller("key:a")->admit_body(100, 100);
  const KeyRing after(keys, SteadyTime(), &before);
  EXPECT_FALSE(after.find_caller("key:a")->admit_body(1, 100).has_value());
  EXPECT_TRUE(after.find_caller("key:b")->admit_body(1, 100).has_value());
}

}  // namespace
}  // namespace shunt::api
