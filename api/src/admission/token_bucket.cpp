#include "admission/token_bucket.hpp"

#include <algorithm>

namespace shunt::api {

TokenBucket full_bucket(const BucketLimit& limit, SteadyTime now) noexcept {
  return {limit.burst, now};
}

std::chrono::nanoseconds take_token(TokenBucket& bucket, const BucketLimit& limit, SteadyTime now) noexcept {
  if (now > bucket.filled_at) {
    const double elapsed = std::chrono::duration<double>(now - bucket.filled_at).count();
    bucket.tokens = std::min(limit.burst, bucket.tokens + elapsed * limit.per_second);
    bucket.filled_at = now;
  }
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::chrono::nanoseconds(0);
  }
  const std::chrono::duration<double> wait((1 - bucket.tokens) / limit.per_second);
  // At least one tick, since zero means that a token was taken.
  return std::max(std::chrono::duration_cast<std::chrono::nanoseconds>(wait), std::chrono::nanoseconds(1));
}

}  // namespace shunt::api
