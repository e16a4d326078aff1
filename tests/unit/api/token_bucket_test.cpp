#include "admission/token_bucket.hpp"

#include <gtest/gtest.h>

#include "admission/key_ring.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::api {
namespace {

using namespace std::chrono_literals;

const SteadyTime kStart{1000s};

TEST(TokenBucket, LetsABurstThroughThenOneEachInterval) {
  const BucketLimit limit{.per_second = 10, .burst = 3};
  TokenBucket bucket = full_bucket(limit, kStart);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(take_token(bucket, limit, kStart), 0ns) << i;
  EXPECT_EQ(take_token(bucket, limit, kStart), 100ms);
  EXPECT_GT(take_token(bucket, limit, kStart + 99ms), 0ns);
  EXPECT_EQ(take_token(bucket, limit, kStart + 101ms), 0ns);
  EXPECT_GT(take_token(bucket, limit, kStart + 102ms), 0ns);
}

TEST(TokenBucket, NeverHoldsMoreThanItsBurst) {
  const BucketLimit limit{.per_second = 1, .burst = 2};
  TokenBucket bucket = full_bucket(limit, kStart);
  const SteadyTime later = kStart + 1h;
  EXPECT_EQ(take_token(bucket, limit, later), 0ns);
  EXPECT_EQ(take_token(bucket, limit, later), 0ns);
  EXPECT_EQ(take_token(bucket, limit, later), 1s);
}

TEST(TokenBucket, AClockThatStepsBackRefillsNothing) {
  const BucketLimit limit{.per_second = 1, .burst = 1};
  TokenBucket bucket = full_bucket(limit, kStart);
  EXPECT_EQ(take_token(bucket, limit, kStart), 0ns);
  EXPECT_EQ(take_token(bucket, limit, kStart - 5s), 1s);
  EXPECT_EQ(take_token(bucket, limit, kStart + 1s), 0ns);
}

ApiKey key(const char* name, const char* secret) {
  return {.name = name, .sha256_hex = sha256_hex(secret)};
}

TEST(KeyRing, FindsTheKeyThatABearerTokenHashesTo) {
  KeyRing ring({key("ann", "secret-a"), key("bob", "secret-b")}, kStart);
  ASSERT_TRUE(ring.required());
  ASSERT_NE(ring.find("Bearer secret-b"), nullptr);
  EXPECT_EQ(ring.find("bearer  secret-b ")->caller(), "key:bob");
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer secret-c", "Basic secret-a", "secret-a"}) {
    EXPECT_EQ(ring.find(wrong), nullptr) << wrong;
  }
}

TEST(KeyRing, WithoutKeysNothingIsRequired) {
  EXPECT_FALSE(KeyRing({}, kStart).required());
}

TEST(Key, CountsWhatIsUnderWayUntilTheLeaseGoes) {
  ApiKey config = key("ann", "s");
  config.max_concurrent = 1;
  Key limited(config, kStart);
  {
    const Key::LeaseOutcome first = limited.admit(kStart);
    ASSERT_TRUE(std::holds_alternative<Key::Lease>(first));
    EXPECT_TRUE(std::holds_alternative<Key::TooManyConcurrent>(limited.admit(kStart)));
  }
  EXPECT_TRUE(std::holds_alternative<Key::Lease>(limited.admit(kStart)));
}

TEST(Key, RateLimitsWithAtLeastOneRequestABurst) {
  ApiKey config = key("ann", "s");
  config.requests_per_second = 0.5;
  Key limited(config, kStart);
  EXPECT_TRUE(std::holds_alternative<Key::Lease>(limited.admit(kStart)));
  const Key::LeaseOutcome second = limited.admit(kStart);
  ASSERT_TRUE(std::holds_alternative<Key::RateLimited>(second));
  EXPECT_EQ(std::get<Key::RateLimited>(second).retry_after, 2s);
}

}  // namespace
}  // namespace shunt::api
