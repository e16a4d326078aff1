#pragma once

#include <optional>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::webhooks {

// Keeps deliveries, has each attempted when it is due, and remembers what came of it. What these throw means
// that it was not done. One thread: the loop's.
class Deliveries {
 public:
  virtual ~Deliveries() = default;

  // A message whose id is known is there already: nothing is done.
  [[nodiscard]] virtual bullmq::awaitable<void> add(Message message) = 0;
  [[nodiscard]] virtual bullmq::awaitable<std::vector<Delivery>> list(DeliveryQuery query) = 0;
  [[nodiscard]] virtual bullmq::awaitable<std::optional<Delivery>> find(std::string id) = 0;
  [[nodiscard]] virtual bullmq::awaitable<Redelivery> redeliver(std::string id) = 0;
  // Nothing is begun any more.
  [[nodiscard]] virtual bullmq::awaitable<void> stop(std::chrono::milliseconds grace) = 0;
  // Those that go with the process.
  [[nodiscard]] virtual std::size_t only_here() const noexcept = 0;
};

}  // namespace shunt::webhooks
