#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "bullmq/awaitable.hpp"
#include "closed_endpoints.hpp"
#include "counters.hpp"
#include "endpoint_gate.hpp"
#include "key_shelf.hpp"
#include "sender.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"
#include "verdict.hpp"

namespace shunt::webhooks {

// Makes attempts, whoever keeps the deliveries: looks whether the endpoint has room and wants any, sends, and
// says what follows. One thread: the loop's.
class Courier {
 public:
  Courier(Sender sender, EndpointGate gate, ClosedEndpoints& closed, const KeyShelf& keys, Counters& counters,
          FaultLog& faults, const Clock& clock, std::size_t attempts)
      : sender_(std::move(sender)),
        gate_(std::move(gate)),
        closed_(closed),
        keys_(keys),
        counters_(counters),
        faults_(faults),
        clock_(clock),
        attempts_(attempts) {}

  struct Outcome {
    // Nothing was sent: come again after this. The attempt does not count.
    std::optional<std::chrono::milliseconds> wait;
    // nullopt: nothing was sent, and nothing will be.
    std::optional<Attempt> attempt;
    Verdict verdict;
  };
  // The `made`th attempt, from 1.
  [[nodiscard]] bullmq::awaitable<Outcome> deliver(Message message, std::size_t made);
  // One attempt that nothing follows, whatever becomes of it. It takes less time than others: what comes
  // after it waits. Not nullopt: the endpoint has no room now, and nothing was sent; come again after this.
  [[nodiscard]] bullmq::awaitable<std::optional<std::chrono::milliseconds>> tell_once(Message message);
  // One attempt for a person, whatever the endpoint has said before.
  [[nodiscard]] bullmq::awaitable<Attempt> test(Message message);

  [[nodiscard]] std::size_t running() const noexcept { return gate_.running(); }

 private:
  // Where that cannot be told now it is open: it says so itself once more.
  bullmq::awaitable<bool> is_closed(std::string url);
  bullmq::awaitable<void> close(std::string url);
  bullmq::awaitable<void> open(std::string url);

  Sender sender_;
  EndpointGate gate_;
  ClosedEndpoints& closed_;
  const KeyShelf& keys_;
  Counters& counters_;
  FaultLog& faults_;
  const Clock& clock_;
  const std::size_t attempts_;
};

}  // namespace shunt::webhooks
