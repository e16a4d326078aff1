#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::webhooks {

// WebhookCounts on their way: written by the loop, read by anybody.
struct Counters {
  std::atomic<std::uint64_t> attached{0};
  std::atomic<std::uint64_t> kept_in_memory{0};
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> to_be_repeated{0};
  std::atomic<std::uint64_t> given_up{0};
  std::atomic<std::uint64_t> gone{0};
  std::atomic<std::uint64_t> left_out{0};
  std::atomic<std::uint64_t> news_sent{0};
  std::atomic<std::uint64_t> news_failed{0};
  std::atomic<std::uint64_t> lost{0};
  std::atomic<std::size_t> waiting{0};

  [[nodiscard]] WebhookCounts read() const {
    return {.attached = attached,
            .kept_in_memory = kept_in_memory,
            .delivered = delivered,
            .to_be_repeated = to_be_repeated,
            .given_up = given_up,
            .gone = gone,
            .left_out = left_out,
            .news_sent = news_sent,
            .news_failed = news_failed,
            .lost = lost,
            .waiting = waiting};
  }
};

}  // namespace shunt::webhooks
