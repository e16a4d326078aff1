#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "admission/token_bucket.hpp"
#include "shunt/api/http_server.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/http/server/request.hpp"

namespace shunt::api {

// What is under way with a key. Outlives a reload of the key's configuration. Any thread.
struct KeyUsage {
  std::mutex mutex;
  TokenBucket bucket;
  std::size_t running = 0;
  std::uint64_t body_bytes = 0;  // announced, of requests that have not been submitted
};

// One configured key. Immutable but for its usage.
class Key {
 public:
  // `usage` of the key of this name that was configured before, or nothing.
  Key(ApiKey config, SteadyTime now, std::shared_ptr<KeyUsage> usage = nullptr);

  // What is left of a key's rate behind a request.
  struct Rate {
    std::size_t limit = 0;  // requests at once
    std::size_t remaining = 0;
    std::chrono::milliseconds full_in{};
  };

  // Counts as one request under way until it goes.
  class Lease {
   public:
    Lease(std::shared_ptr<KeyUsage> usage, std::optional<Rate> rate)
        : usage_(std::move(usage)), rate_(rate) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    // nullopt: the key has no limit.
    [[nodiscard]] const std::optional<Rate>& rate() const noexcept { return rate_; }

   private:
    std::shared_ptr<KeyUsage> usage_;
    std::optional<Rate> rate_;
  };
  struct RateLimited {
    std::chrono::nanoseconds retry_after;
  };
  struct TooManyConcurrent {
    std::size_t limit;
  };
  using LeaseOutcome = std::variant<Lease, RateLimited, TooManyConcurrent>;

  [[nodiscard]] LeaseOutcome admit(SteadyTime now) const;

  // A body that is on its way, or is decoded, until it goes.
  class BodyShare {
   public:
    BodyShare(std::shared_ptr<KeyUsage> usage, std::uint64_t bytes)
        : usage_(std::move(usage)), bytes_(bytes) {}
    BodyShare(BodyShare&& other) noexcept = default;
    BodyShare& operator=(BodyShare&&) = delete;
    ~BodyShare();

   private:
    std::shared_ptr<KeyUsage> usage_;
    std::uint64_t bytes_;
  };
  // nullopt: with this one the key's bodies would be more than `most`. One alone may be.
  [[nodiscard]] std::optional<BodyShare> admit_body(std::uint64_t bytes, std::uint64_t most) const;
  [[nodiscard]] const ApiKey& config() const noexcept { return config_; }
  // 0: no limit.
  [[nodiscard]] std::size_t max_open() const noexcept {
    return config_.max_open > 0 ? config_.max_open : config_.max_concurrent;
  }
  // What generations know the caller by: "key:<name>".
  [[nodiscard]] const std::string& caller() const noexcept { return caller_; }

  [[nodiscard]] bool has(Scope scope) const noexcept {
    return (scopes_ & (1U << static_cast<unsigned>(scope))) != 0;
  }
  [[nodiscard]] bool may_use(std::string_view model) const;

 private:
  friend class KeyRing;

  const ApiKey config_;
  const std::string caller_;
  const BucketLimit limit_;
  const std::uint32_t scopes_;
  const std::shared_ptr<KeyUsage> usage_;
};

// The keys that open the server. Immutable but for the keys' usage.
class KeyRing {
 public:
  // A key that `before` has under the same name goes on with its usage: a reload gives nobody a fresh rate.
  KeyRing(const std::vector<ApiKey>& keys, SteadyTime now, const KeyRing* before = nullptr);

  // False: every request is let in, anonymously.
  [[nodiscard]] bool required() const noexcept { return !keys_.empty(); }
  // Whether there are others that one caller must leave something to.
  [[nodiscard]] bool has_several() const noexcept { return keys_.size() > 1; }

  // The key that a request presents: as Authorization: Bearer, or, where that header is not there, as api-key
  // or x-api-key, as clients of other APIs send it. Takes the same time whichever key it is, and whether any.
  [[nodiscard]] std::shared_ptr<const Key> find(const http::Headers& headers) const;

  // The key that generations know by this name; nullptr: there is none any more.
  [[nodiscard]] std::shared_ptr<const Key> find_caller(std::string_view caller) const;

 private:
  [[nodiscard]] std::shared_ptr<const Key> find_text(std::string_view key) const;

  std::vector<std::shared_ptr<const Key>> keys_;
};

}  // namespace shunt::api
