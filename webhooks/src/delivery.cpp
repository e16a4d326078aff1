#include "shunt/webhooks/delivery.hpp"

namespace shunt::webhooks {

std::string_view to_string(DeliveryState state) noexcept {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kDelivered:
      return "delivered";
    case DeliveryState::kFailed:
      return "failed";
  }
  return {};
}

std::optional<DeliveryState> delivery_state_named(std::string_view name) noexcept {
  for (const auto state : {DeliveryState::kPending, DeliveryState::kDelivered, DeliveryState::kFailed}) {
    if (to_string(state) == name) return state;
  }
  return std::nullopt;
}

}  // namespace shunt::webhooks
