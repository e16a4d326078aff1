#pragma once

#include <chrono>

#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::api {

struct BucketLimit {
  double per_second = 0;
  double burst = 1;
};

struct TokenBucket {
  double tokens = 0;
  SteadyTime filled_at{};
};

[[nodiscard]] TokenBucket full_bucket(const BucketLimit& limit, SteadyTime now) noexcept;

// Takes a token: zero. If there is none: how long until there is one, and nothing is taken. Pure but for the
// bucket that it is given; a clock that steps back refills nothing.
[[nodiscard]] std::chrono::nanoseconds take_token(TokenBucket& bucket, const BucketLimit& limit,
                                                  SteadyTime now) noexcept;

}  // namespace shunt::api
