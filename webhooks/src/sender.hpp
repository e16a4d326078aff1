#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/http/address_ranges.hpp"
#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/signing_key.hpp"

namespace shunt::webhooks {

// Sends one message to its endpoint once, on a connection of its own, to an address that was checked, without
// a proxy, and follows no redirect. What the endpoint says beside its status is read up to a bound and
// forgotten. One thread: the loop's.
class Sender {
 public:
  struct Options {
    std::chrono::milliseconds timeout{0};     // from the look-up of the name to the end of the answer
    http::AddressRanges allowed_addresses{};  // beside the public ones
    std::string user_agent;
  };

  Sender(EventLoop& loop, const Clock& clock, Options options)
      : loop_(loop), clock_(clock), options_(std::move(options)) {}

  // `most`: what it may take, where that is less than the timeout.
  [[nodiscard]] bullmq::awaitable<Attempt> send(
      Message message, std::vector<SigningKey> keys,
      std::chrono::milliseconds most = std::chrono::milliseconds::max());

 private:
  EventLoop& loop_;
  const Clock& clock_;
  const Options options_;
};

}  // namespace shunt::webhooks
