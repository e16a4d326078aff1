#pragma once

#include <boost/asio/steady_timer.hpp>
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

// Deliveries of a process without Redis. Ended ones are kept within bounds of number, age and bytes.
class MemoryDeliveries final : public Deliveries {
 public:
  // Of all messages, and of those of one caller that wait. What has ended makes room for what comes.
  static constexpr std::size_t kMostBytes = 64UL << 20U;
  static constexpr std::size_t kMostBytesOfACaller = kMostBytes / 4;

  // The attempt of a message (Courier::deliver).
  using Deliver = std::function<bullmq::awaitable<Courier::Outcome>(Message message, std::size_t made)>;
  struct Limits {
    std::size_t history = 0;
    std::chrono::milliseconds age{0};
  };
  // `launch` runs a coroutine that nobody waits for, and notes what it throws.
  MemoryDeliveries(EventLoop& loop, const Clock& clock, Deliver deliver, Limits limits,
                   std::function<void(bullmq::awaitable<void>)> launch);

  // Throws std::length_error where too much waits, of all or of its caller.
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
  void begin_to_wait(Entry& entry);
  void end(Entry& entry, DeliveryState state, std::string reason);
  void forget_old_ones();
  void forget_oldest();
  [[nodiscard]] bool is_under_way() const;

  EventLoop& loop_;
  const Clock& clock_;
  const Deliver deliver_;
  const Limits limits_;
  const std::function<void(bullmq::awaitable<void>)> launch_;
  std::map<std::string, Entry> entries_;
  struct Ended {
    std::string id;
    SteadyTime at;
  };
  std::deque<Ended> ended_;  // oldest first; one that was redelivered may be there twice, or still wait
  std::size_t pending_ = 0;
  std::size_t bytes_ = 0;  // of all entries
  std::size_t pending_bytes_ = 0;
  std::map<std::string, std::size_t> pending_bytes_of_;  // by caller
  boost::asio::steady_timer settled_;                    // stop() waits; cancelled when an attempt is over
  bool stopped_ = false;
};

}  // namespace shunt::webhooks
