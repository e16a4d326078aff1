#include "shunt/executor/redis/redis_address.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bullmq/error.hpp"

namespace shunt::executor {
namespace {

TEST(RedisUrl, OfOneServerIsTheLibrarys) {
  const auto options = connection_options("redis://user:pass@host:7000/2");
  EXPECT_EQ(options.address, (bullmq::RedisAddress{"host", 7000}));
  EXPECT_EQ(options.database, 2);
  EXPECT_FALSE(options.cluster || options.sentinel);
}

TEST(RedisUrl, OfAClusterNamesItsNodes) {
  const auto options = connection_options("rediss+cluster://user:p%40ss@one:7000,two,[::1]:7002");
  ASSERT_TRUE(options.cluster.has_value());
  EXPECT_EQ(options.cluster->seeds,
            (std::vector<bullmq::RedisAddress>{{"one", 7000}, {"two", 6379}, {"::1", 7002}}));
  EXPECT_EQ(options.username, "user");
  EXPECT_EQ(options.password, "p@ss");
  EXPECT_TRUE(options.tls.has_value());
}

TEST(RedisUrl, OfSentinelsNamesThemAndThePrimary) {
  const auto options = connection_options("redis+sentinel://:secret@one,two:5000/main/3");
  ASSERT_TRUE(options.sentinel.has_value());
  EXPECT_EQ(options.sentinel->sentinels, (std::vector<bullmq::RedisAddress>{{"one", 26379}, {"two", 5000}}));
  EXPECT_EQ(options.sentinel->master_name, "main");
  EXPECT_EQ(options.password, "secret");
  EXPECT_EQ(options.database, 3);
}

struct Mistake {
  std::string url;
  std::string message;
};

class RedisUrlMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(RedisUrlMistake, IsToldWithoutThePassword) {
  try {
    (void)connection_options(GetParam().url);
    FAIL() << "accepted";
  } catch (const bullmq::ValidationError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(GetParam().message));
    EXPECT_THAT(error.what(), ::testing::Not(::testing::HasSubstr("secret")));
  }
}

INSTANTIATE_TEST_SUITE_P(, RedisUrlMistake,
                         ::testing::Values(Mistake{"redis+cluster://:secret@", "no host"},
                                           Mistake{"redis+cluster://:secret@one,,two", "no host"},
                                           Mistake{"redis+cluster://:secret@one:99999", "port"},
                                           Mistake{"redis+cluster://:secret@one/2", "no databases"},
                                           Mistake{"redis+sentinel://:secret@one", "primary's name"},
                                           Mistake{"http+cluster://:secret@one", "scheme"},
                                           Mistake{"redis+ring://one", "scheme"}));

}  // namespace
}  // namespace shunt::executor
