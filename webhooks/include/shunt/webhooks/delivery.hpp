#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// What came of one request to an endpoint.
struct Attempt {
  WallTime at{};
  std::chrono::milliseconds took{0};
  int status = 0;     // 0: there was no answer
  std::string error;  // why there was none, or not a whole one; "": there was
  // What the endpoint asked for; bounded (kMostRetryAfter).
  std::optional<std::chrono::milliseconds> retry_after;
};

// A message on its way to an endpoint: everything that an attempt needs but the keys, which are looked up by
// the caller at each one, so that a rotation holds for what waits.
struct Message {
  std::string id;          // "msg_...": the same for all attempts
  std::string type;        // "generation.succeeded"
  std::string generation;  // "gen_..."; "" of a test
  std::string caller;
  std::string url;
  std::string body;  // JSON
};

enum class DeliveryState { kPending, kDelivered, kFailed };
[[nodiscard]] std::string_view to_string(DeliveryState state) noexcept;
[[nodiscard]] std::optional<DeliveryState> delivery_state_named(std::string_view name) noexcept;

// A message and what has become of it.
struct Delivery {
  Message message;
  DeliveryState state = DeliveryState::kPending;
  WallTime created_at{};
  std::size_t made = 0;                  // attempts
  std::optional<WallTime> next_attempt;  // of one that waits; nullopt: as soon as there is room
  std::string reason;                    // of kFailed: why it was given up
  std::vector<Attempt> attempts;         // the last ones, oldest first
};

// So many attempts of a delivery are shown; a redelivered one has more.
inline constexpr std::size_t kKeptAttempts = 20;

}  // namespace shunt::webhooks
