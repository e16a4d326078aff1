#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace bullmq::detail {

// The pause before attempt `failures` + 1: doubling from `first` to `last`, of which up to half is taken away
// at random, so that a thousand clients do not come back in the same millisecond. `random` is in [0, 1).
[[nodiscard]] inline std::chrono::milliseconds reconnect_delay(std::chrono::milliseconds first,
                                                               std::chrono::milliseconds last,
                                                               unsigned failures, double random) {
  auto delay = std::min(first, last);
  for (unsigned i = 1; i < failures && delay.count() > 0 && delay < last; ++i) {
    delay = delay > last / 2 ? last : delay * 2;
  }
  return delay - std::chrono::milliseconds(
                     static_cast<std::int64_t>(static_cast<double>(delay.count()) * random / 2));
}

}  // namespace bullmq::detail
