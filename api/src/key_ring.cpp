#include "key_ring.hpp"

#include <algorithm>

#include "ascii.hpp"
#include "shunt/base/digest.hpp"

namespace shunt::api {
namespace {

BucketLimit bucket_limit(const ApiKey& config) {
  const double burst = config.burst > 0 ? static_cast<double>(config.burst) : config.requests_per_second;
  // A bucket that holds less than one token would never let anything in.
  return {config.requests_per_second, std::max(1.0, burst)};
}

}  // namespace

Key::Key(ApiKey config, SteadyTime now)
    : config_(std::move(config)),
      caller_("key:" + config_.name),
      limit_(bucket_limit(config_)),
      bucket_(full_bucket(limit_, now)) {}

Key::Lease::~Lease() {
  if (key_ == nullptr) return;
  const std::lock_guard lock(key_->mutex_);
  --key_->running_;
}

Key::Admission Key::admit(SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (config_.max_concurrent > 0 && running_ >= config_.max_concurrent) {
    return TooManyConcurrent{config_.max_concurrent};
  }
  if (config_.requests_per_second > 0) {
    const auto wait = take_token(bucket_, limit_, now);
    if (wait.count() > 0) return RateLimited{wait};
  }
  ++running_;
  return Admission(std::in_place_type<Lease>, *this);
}

KeyRing::KeyRing(const std::vector<ApiKey>& keys, SteadyTime now) {
  for (const ApiKey& key : keys) keys_.emplace_back(key, now);
}

Key* KeyRing::find(std::string_view authorization) {
  std::string_view rest = trim(authorization);
  const std::string_view scheme = take_until(rest, ' ');
  if (!equals_ignoring_case(scheme, "Bearer")) return nullptr;
  const std::string digest = sha256_hex(trim(rest));
  Key* found = nullptr;
  for (Key& key : keys_) {
    if (equal_in_constant_time(digest, key.config().sha256_hex)) found = &key;
  }
  return found;
}

}  // namespace shunt::api
