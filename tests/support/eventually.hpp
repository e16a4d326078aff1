#pragma once

#include <chrono>
#include <thread>

#include "support/namespace.hpp"

namespace shunt::testing {

// What takes longer has failed.
inline constexpr std::chrono::seconds kPatience{20};

// Asks until `condition` holds; false after the deadline. For what sends no signal: another process, a
// server's metrics. Where there is a signal, wait for that.
template <typename Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds deadline = kPatience) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return condition();
}

}  // namespace shunt::testing
