#include "shunt/executor/queue_options.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace shunt::executor {
namespace {

using namespace std::chrono_literals;

struct Mistake {
  std::string name;
  std::function<void(QueueOptions&)> make;
  std::string message;
};

class QueueOptionsMistake : public ::testing::TestWithParam<Mistake> {};

TEST_P(QueueOptionsMistake, IsToldWithTheSettingsName) {
  QueueOptions options;
  GetParam().make(options);
  const auto checked = check(options);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, "invalid_configuration");
  EXPECT_THAT(checked.error().message, ::testing::StartsWith(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    , QueueOptionsMistake,
    ::testing::Values(
        Mistake{"Url", [](QueueOptions& o) { o.redis_url = "http://localhost"; }, "redis.url "},
        Mistake{"NoPrefix", [](QueueOptions& o) { o.prefix = ""; },
                "queue.prefix must have 1 to 128 bytes, got 0"},
        Mistake{"LongPrefix", [](QueueOptions& o) { o.prefix = std::string(129, 'p'); },
                "queue.prefix must have 1 to 128 bytes, got 129"},
        Mistake{"ClusterWithoutHashTag",
                [](QueueOptions& o) {
                  o.redis_url = "redis+cluster://127.0.0.1:7000";
                  o.prefix = "shunt";
                },
                "queue.prefix must have a hash tag"},
        Mistake{"EmptyHashTag",
                [](QueueOptions& o) {
                  o.redis_url = "redis+cluster://127.0.0.1:7000";
                  o.prefix = "{}shunt";
                },
                "queue.prefix must have a hash tag"},
        Mistake{
            "StalledInterval",
            [](QueueOptions& o) {
              o.lock_duration = 1s;
              o.stalled_interval = 11s;
            },
            "queue.stalled_interval must be at most ten times queue.lock_duration (1000 ms), got 11000 ms"},
        Mistake{"ClaimAge",
                [](QueueOptions& o) {
                  o.claim_age = 1s;
                  o.retention = 2s;
                },
                "queue.claim_age must be at least queue.retention (2000 ms), got 1000 ms"}),
    [](const auto& tested) { return tested.param.name; });

TEST(QueueOptions, TheDefaultsFitTogether) {
  EXPECT_TRUE(check(QueueOptions{}).ok());
  QueueOptions cluster;
  cluster.redis_url = "redis+cluster://127.0.0.1:7000";
  EXPECT_TRUE(check(cluster).ok());
}

}  // namespace
}  // namespace shunt::executor
