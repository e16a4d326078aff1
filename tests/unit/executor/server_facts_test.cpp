#include "queue/records/server_facts.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(ServerFacts, AreReadFromInfo) {
  const ServerFacts redis = facts_of(
      "# Server\r\nredis_version:7.0.15\r\n# "
      "Memory\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\nx:1\r\n");
  EXPECT_EQ(redis.version, "7.0.15");
  EXPECT_EQ(redis.eviction_policy, "allkeys-lru");
  const ServerFacts valkey =
      facts_of("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nmaxmemory_policy:noeviction");
  EXPECT_EQ(valkey.version, "valkey 8.0.1");
  EXPECT_EQ(valkey.eviction_policy, "noeviction");
}

TEST(ServerFacts, OfAnyOtherTextAreEmptyOrShort) {
  for (const char* info : {"", "\n\n", "maxmemory_policy", "not_maxmemory_policy:allkeys-lru",
                           "maxmemory_policy_x:y", "# maxmemory_policy:allkeys-lru"}) {
    EXPECT_EQ(facts_of(info).eviction_policy, "") << info;
  }
  EXPECT_LE(facts_of("maxmemory_policy:" + std::string(100'000, 'x')).eviction_policy.size(), 64U);
}

TEST(ServerFacts, EveryPolicyButNoevictionIsWarnedOf) {
  EXPECT_FALSE(eviction_warning("noeviction"));
  EXPECT_FALSE(eviction_warning("")) << "it does not say";
  for (const char* policy : {"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu",
                             "volatile-random", "volatile-ttl", "something-new"}) {
    const auto warning = eviction_warning(policy);
    ASSERT_TRUE(warning) << policy;
    EXPECT_NE(warning->message.find(policy), std::string::npos);
  }
}

}  // namespace
}  // namespace shunt::executor
