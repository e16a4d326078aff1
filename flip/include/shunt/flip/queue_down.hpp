#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// What a model does with a request that was decided for the queue while that is down.
enum class OnQueueDown { kRefuse, kSync };

// Which states of its queue a model counts as down, besides an open breaker.
struct DownRule {
  bool without_worker = false;
  bool when_late = false;  // the oldest job has waited for more than half of the wait deadline
  [[nodiscard]] bool any() const noexcept { return without_worker || when_late; }
  [[nodiscard]] bool operator==(const DownRule&) const = default;
};

struct QueueHealth {
  std::size_t workers = 0;
  std::chrono::milliseconds oldest_waiting{0};
};
// Whether the queue counts as down. What is not known is not down: the breaker hears of a store that does not
// answer.
[[nodiscard]] bool counts_as_down(const DownRule& rule, const std::optional<QueueHealth>& health,
                                  std::chrono::milliseconds wait_deadline) noexcept;

enum class Trouble {
  kNotTried,  // breaker or health said no; nothing has been sent
  kRefused,   // the submit was refused: nothing exists
  kUnknown,   // nobody knows whether the submit arrived
};
struct QueueDownInput {
  OnQueueDown policy = OnQueueDown::kRefuse;
  Trouble trouble = Trouble::kNotTried;
  bool claim_won = false;       // of an unknown submit: this process may run it, and the queue's job will not
  std::size_t running = 0;      // fallbacks of the model that run in this process
  std::size_t concurrency = 0;  // the model's `fallback_concurrency`
};
enum class QueueDownAnswer {
  kRefuse,    // 503 with Retry-After
  kRunSync,   // here, in the bulkhead of fallbacks
  kAskAgain,  // the submit stays unknown: the same key finds out
};
// Pure. Never a second run of what may be running: an unknown submit needs the claim.
[[nodiscard]] QueueDownAnswer answer_queue_down(const QueueDownInput& input) noexcept;

}  // namespace shunt::flip
