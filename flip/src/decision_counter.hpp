#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shunt/flip/decision.hpp"
#include "shunt/flip/flip_executor.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Any thread.
class DecisionCounter {
 public:
  void add(const Decision& decision) noexcept {
    const auto executor = static_cast<std::size_t>(decision.executor);
    const auto reason = static_cast<std::size_t>(decision.reason);
    counts_.at(executor).at(reason).fetch_add(1, std::memory_order_relaxed);
  }
  [[nodiscard]] DecisionCounts read() const noexcept {
    DecisionCounts read;
    for (std::size_t executor = 0; executor < kExecutors; ++executor) {
      for (std::size_t reason = 0; reason < kReasons; ++reason) {
        read.counts.at(executor).at(reason) = counts_.at(executor).at(reason).load(std::memory_order_relaxed);
      }
    }
    return read;
  }

 private:
  std::array<std::array<std::atomic<std::uint64_t>, kReasons>, kExecutors> counts_{};
};

}  // namespace shunt::flip
