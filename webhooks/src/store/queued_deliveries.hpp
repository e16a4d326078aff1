#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "bullmq/job.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/worker.hpp"
#include "courier.hpp"
#include "deliveries.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/webhooks/webhook_options.hpp"

namespace shunt::webhooks {

// Deliveries as jobs of a BullMQ queue of their own: a job's id is its message's, its attempts and pauses are
// the schedule's, its log has the attempts, and what is kept of it when it has ended is the history. Every
// API process takes jobs. What Redis says is checked here.
class QueuedDeliveries final : public Deliveries {
 public:
  QueuedDeliveries(EventLoop& loop, const executor::QueueOptions& queue, const WebhookOptions& options,
                   Courier& courier, FaultLog& faults);

  bullmq::awaitable<void> add(Message message) override;
  bullmq::awaitable<std::vector<Delivery>> list(DeliveryQuery query) override;
  bullmq::awaitable<std::optional<Delivery>> find(std::string id) override;
  bullmq::awaitable<Redelivery> redeliver(std::string id) override;
  bullmq::awaitable<void> stop(std::chrono::milliseconds grace) override;
  std::size_t only_here() const noexcept override { return 0; }

 private:
  bullmq::awaitable<std::string> process(bullmq::Job job);
  [[nodiscard]] std::int64_t pause_of(const bullmq::JobRecord& job);
  bullmq::awaitable<void> write_down(std::string id, Attempt attempt);
  bullmq::awaitable<void> read_attempts(Delivery& delivery);
  [[nodiscard]] std::optional<Delivery> delivery_of(const bullmq::JobRecord& job, DeliveryState state);

  const WebhookOptions options_;
  Courier& courier_;
  FaultLog& faults_;
  std::map<std::string, std::chrono::milliseconds, std::less<>> pauses_;  // of jobs that fail at this moment
  bullmq::Queue queue_;
  bullmq::Worker worker_;
  std::vector<bullmq::Subscription> subscriptions_;
};

}  // namespace shunt::webhooks
