#include "shunt/flip/redis_facts.hpp"

#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

TEST(RedisFacts, AreReadFromTheLinesOfInfo) {
  const RedisFacts facts = facts_of_info(
      "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n# Clients\r\nconnected_clients:12\r\n"
      "maxclients:10000\r\nused_memory:916688\r\nmaxmemory:1048576\r\nmaxmemory_policy:noeviction\r\n"
      "rdb_last_bgsave_status:ok\r\naof_enabled:1\r\naof_last_bgrewrite_status:ok\r\n"
      "aof_last_write_status:err\r\nrole:master\r\nconnected_slaves:2\r\n"
      "slave0:ip=10.0.0.2,port=6379,state=online,offset=5,lag=1\r\n"
      "slave1:ip=10.0.0.3,port=6379,state=online,offset=5,lag=14\r\n"
      "slave_expires_tracked_keys:0\r\ncluster_enabled:1\r\n");
  EXPECT_EQ(facts.product, "redis");
  EXPECT_EQ(facts.version, "7.0.15");
  EXPECT_EQ(facts.clients, 12U);
  EXPECT_EQ(facts.max_clients, 10'000U);
  EXPECT_EQ(facts.used_memory, 916'688U);
  EXPECT_EQ(facts.max_memory, 1'048'576U);
  EXPECT_EQ(facts.eviction_policy, "noeviction");
  EXPECT_EQ(facts.append_only, true);
  EXPECT_EQ(facts.last_save_ok, false) << "one of the three has failed";
  EXPECT_EQ(facts.role, "master");
  EXPECT_EQ(facts.replicas, 2U);
  EXPECT_EQ(facts.replica_lag, std::chrono::seconds(14));
  EXPECT_TRUE(facts.cluster);
}

TEST(RedisFacts, OtherProductsTellTheirOwnVersionToo) {
  EXPECT_EQ(facts_of_info("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.0.1\n").version,
            "8.0.1");
  EXPECT_EQ(facts_of_info("valkey_version:8.0.1\nredis_version:7.2.4\n").version, "8.0.1");
  EXPECT_EQ(facts_of_info("redis_version:7.2.0\ndragonfly_version:df-v1.21.0\n").product, "dragonfly");
}

TEST(RedisFacts, WhatIsNotToldStaysUnknown) {
  for (const std::string_view info :
       {"", "\r\n\r\n", ":::", "no colon", "maxmemory:", "maxmemory:lots", "maxmemory:-1", "maxmemory:1e9",
        "used_memory:99999999999999999999999", "slave0:ip=1,lag=", "slave0:ip=1,lag=x", "slavery:yes"}) {
    const RedisFacts facts = facts_of_info(info);
    EXPECT_FALSE(facts.max_memory || facts.used_memory || facts.eviction_policy || facts.append_only ||
                 facts.last_save_ok || facts.replica_lag)
        << info;
  }
  EXPECT_LE(facts_of_info("redis_version:" + std::string(100'000, '9')).version.size(), 64U);
}

TEST(RedisFacts, VersionsAreComparedByNumber) {
  using Version = std::array<std::uint32_t, 3>;
  EXPECT_EQ(parse_version("7.0.15"), (Version{7, 0, 15}));
  EXPECT_EQ(parse_version("255.255.255"), (Version{255, 255, 255}));
  EXPECT_EQ(parse_version("8"), (Version{8, 0, 0}));
  EXPECT_EQ(parse_version("7.4-rc1"), (Version{7, 4, 0}));
  EXPECT_EQ(parse_version("df-v1.21.0"), (Version{1, 21, 0}));
  EXPECT_EQ(parse_version(""), std::nullopt);
  EXPECT_EQ(parse_version("v7"), std::nullopt);
  EXPECT_EQ(parse_version("99999999999.1"), std::nullopt);
}

}  // namespace
}  // namespace shunt::flip
