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

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

std::string caller_with(const KeyRing& ring, const Fields& fields) {
  http::Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  const auto found = ring.find(headers);
  return found == nullptr ? "" : found->caller();
}

TEST(KeyRing, FindsTheKeyThatARequestPresents) {
  const KeyRing ring({key("ann", "secret-a"), key("bob", "secret-b")}, kStart);
  ASSERT_TRUE(ring.required());
  const std::pair<Fields, const char*> cases[] = {
      {{{"Authorization", "Bearer secret-b"}}, "key:bob"},
      {{{"authorization", "bearer  secret-b "}}, "key:bob"},
      {{{"api-key", "secret-a"}}, "key:ann"},
      {{{"X-Api-Key", " secret-b"}}, "key:bob"},
      // The header that is meant for it decides alone.
      {{{"x-api-key", "secret-a"}, {"Authorization", "Bearer secret-b"}}, "key:bob"},
      {{{"x-api-key", "secret-a"}, {"Authorization", "Bearer wrong"}}, ""},
      {{{"x-api-key", "secret-a"}, {"api-key", "wrong"}}, ""},
      {{{"x-api-key", "Bearer secret-a"}}, ""},
      {{{"api-key", ""}}, ""},
      {{}, ""},
  };
  for (const auto& [fields, caller] : cases) {
    EXPECT_EQ(caller_with(ring, fields), caller) << (fields.empty() ? "" : fields.front().second);
  }
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer secret-c", "Basic secret-a", "secret-a"}) {
    EXPECT_EQ(caller_with(ring, {{"Authorization", wrong}}), "") << wrong;
  }
}

TEST(Key, TellsWhatIsLeftOfItsRate) {
  ApiKey config = key("ann", "s");
  config.requests_per_second = 2;
  config.burst = 4;
  const Key limited(config, kStart);
  const auto rate = [&] { return std::get<Key::Lease>(limited.admit(kStart)).rate().value(); };
  (void)rate();
  const Key::Rate second = rate();
  EXPECT_EQ(second.limit, 4U);
  EXPECT_EQ(second.remaining, 2U);
  EXPECT_EQ(second.full_in, std::chrono::seconds(1));
  const Key without(key("bob", "t"), kStart);
  EXPECT_FALSE(std::get<Key::Lease>(without.admit(kStart)).rate().has_value());
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
