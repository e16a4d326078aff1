#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shunt/api/http_server.hpp"
#include "token_bucket.hpp"

namespace shunt::api {

// One configured key and what is under way with it. Any thread.
class Key {
 public:
  Key(ApiKey config, SteadyTime now);

  // Counts as one request under way until it goes.
  class Lease {
   public:
    explicit Lease(Key& key) : key_(&key) {}
    Lease(Lease&& other) noexcept : key_(std::exchange(other.key_, nullptr)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();

   private:
    Key* key_;
  };
  struct RateLimited {
    std::chrono::nanoseconds retry_after;
  };
  struct TooManyConcurrent {
    std::size_t limit;
  };
  using Admission = std::variant<Lease, RateLimited, TooManyConcurrent>;

  [[nodiscard]] Admission admit(SteadyTime now);
  [[nodiscard]] const ApiKey& config() const noexcept { return config_; }
  // 0: no limit.
  [[nodiscard]] std::size_t max_open() const noexcept {
    return config_.max_open > 0 ? config_.max_open : config_.max_concurrent;
  }
  // What generations know the caller by: "key:<name>".
  [[nodiscard]] const std::string& caller() const noexcept { return caller_; }

 private:
  const ApiKey config_;
  const std::string caller_;
  const BucketLimit limit_;
  std::mutex mutex_;
  TokenBucket bucket_;
  std::size_t running_ = 0;
};

// The keys that open the server. Immutable but for the keys' own counts.
class KeyRing {
 public:
  KeyRing(const std::vector<ApiKey>& keys, SteadyTime now);

  // False: every request is let in, anonymously.
  [[nodiscard]] bool required() const noexcept { return !keys_.empty(); }

  // The key that an Authorization header presents. Takes the same time whichever key it is, and whether any.
  [[nodiscard]] Key* find(std::string_view authorization);

 private:
  std::deque<Key> keys_;  // neither moved nor copied: leases point at them
};

}  // namespace shunt::api
