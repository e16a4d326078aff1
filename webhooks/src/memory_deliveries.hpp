#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "courier.hpp"
#include "deliveries.hpp"
#include "shunt/base/event_loop.hpp"

namespace shunt::webhooks {

// Deliveries of a process without Redis. Ended ones are kept within bounds of number and age.
class MemoryDeliveries final : public Deliveries {
 public:
  // Of those that wait: bounds their bodies together with WebhookOptions::max_payload_bytes.
  static constexpr std::size_t kMostPending = 10'000;

  struct Limits {
    std::size_t history = 0;
    std::chrono::milliseconds age{0};
  };
  // `launch` runs a coroutine that nobody waits for, and notes what it throws.
  MemoryDeliveries(EventLoop& loop, const Clock& clock, Courier& courier, Limits limits,
                   std::function<void(bullmq::awaitable<void>)> launch)
      : loop_(loop), clock_(clock), courier_(courier), limits_(limits), launch_(std::move(launch)) {}

  // Throws std::length_error where too many wait.
  bullmq::awaitable<void> add(Message message) override;
  bullmq::awaitable<std::vector<Delivery>> list(DeliveryQuery query) override;
  bullmq::awaitable<std::optional<Delivery>> find(std::string id) override;
  bullmq::awaitable<Redelivery> redeliver(std::string id) override;
  bullmq::awaitable<void> stop(std::chrono::milliseconds grace) override;
  std::size_t only_here() const noexcept override { return pending_; }

 private:
  struct Entry {
    Delivery delivery;
    std::size_t made = 0;  // since it was added, or redelivered
    Timer due;
  };
  void schedule(const std::string& id, std::chrono::milliseconds pause);
  bullmq::awaitable<void> attempt(std::string id);
  void end(Entry& entry, DeliveryState state, std::string reason);
  void forget_old_ones();

  EventLoop& loop_;
  const Clock& clock_;
  Courier& courier_;
  const Limits limits_;
  const std::function<void(bullmq::awaitable<void>)> launch_;
  std::map<std::string, Entry> entries_;
  struct Ended {
    std::string id;
    SteadyTime at;
  };
  std::deque<Ended> ended_;  // oldest first; one that was redelivered may be there twice, or still wait
  std::size_t pending_ = 0;
  bool stopped_ = false;
};

}  // namespace shunt::webhooks
