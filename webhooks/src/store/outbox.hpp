#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "bullmq/redis.hpp"
#include "closed_endpoints.hpp"
#include "payload.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// Where webhooks live in Redis, beside the queue of their deliveries (docs/contract/ends.md).
struct WebhookKeysInRedis {
  explicit WebhookKeysInRedis(const std::string& queue_prefix)
      : queue_prefix_of_deliveries(queue_prefix + ":webhooks"),
        hooks(queue_prefix + ":webhooks::hooks"),
        looks(queue_prefix + ":webhooks::looks"),
        closed(queue_prefix + ":webhooks::closed:") {}

  std::string queue_prefix_of_deliveries;
  std::string hooks;   // a hash: what is waited for, by generation
  std::string looks;   // a sorted set: when somebody looks at it next
  std::string closed;  // and a URL's digest: it has answered 410
};
// The queue of deliveries.
inline constexpr const char* kDeliveryQueue = "deliveries";

// The webhooks of generations whose ends have not been handed over yet, in Redis: what a process attaches is
// found by the others when it dies. What these throw is bullmq's. The connection's thread.
class Outbox {
 public:
  // So many wait at most, in all processes together; further ones are refused.
  static constexpr std::size_t kMost = 1'000'000;

  Outbox(bullmq::Redis redis, WebhookKeysInRedis keys, FaultLog& faults)
      : redis_(std::move(redis)), keys_(std::move(keys)), faults_(faults) {}

  // The first one of a generation stays. Somebody looks at it after `first_look`, unless it is gone by then.
  // Throws bullmq::RedisError where there are too many.
  [[nodiscard]] bullmq::awaitable<void> keep(Hook hook, std::chrono::milliseconds first_look);
  // Up to `most` that are due, which nobody else gets for as long as `again_after`.
  [[nodiscard]] bullmq::awaitable<std::vector<Hook>> take_due(std::size_t most,
                                                              std::chrono::milliseconds again_after);
  [[nodiscard]] bullmq::awaitable<void> forget(GenerationId generation);

 private:
  bullmq::awaitable<void> forget_text(std::string id);

  bullmq::Redis redis_;
  const WebhookKeysInRedis keys_;
  FaultLog& faults_;
};

// The closed endpoints of a fleet.
class ClosedEndpointsInRedis final : public ClosedEndpoints {
 public:
  ClosedEndpointsInRedis(bullmq::Redis redis, std::string prefix)
      : redis_(std::move(redis)), prefix_(std::move(prefix)) {}
  bullmq::awaitable<bool> contains(std::string url) override;
  bullmq::awaitable<void> add(std::string url) override;
  bullmq::awaitable<void> remove(std::string url) override;

 private:
  [[nodiscard]] std::string key_of(const std::string& url) const;

  bullmq::Redis redis_;
  const std::string prefix_;
};

}  // namespace shunt::webhooks
