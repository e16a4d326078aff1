#include "core/backoff_delay.hpp"

#include <algorithm>
#include <cmath>

namespace bullmq::detail {
namespace {

// The largest delay that a score of the delayed set can hold beside today's timestamp: scores are (ms *
// 4096), exact up to 2^53.
constexpr double kLongest = 2e12;

}  // namespace

std::optional<std::int64_t> backoff_delay(const Backoff& backoff, std::int64_t attempts_made, double random) {
  double longest = static_cast<double>(backoff.delay.value_or(Milliseconds(0)).count());
  if (backoff.type == "exponential") {
    // Infinity times no delay would be no number.
    if (longest == 0) return 0;
    longest = std::round(std::exp2(static_cast<double>(attempts_made - 1)) * longest);
  } else if (backoff.type != "fixed") {
    return std::nullopt;
  }
  longest = std::clamp(longest, -kLongest, kLongest);
  // Other clients may have stored anything.
  const double jitter = std::clamp(backoff.jitter.value_or(0), 0.0, 1.0);
  if (jitter <= 0) return static_cast<std::int64_t>(longest);
  const double shortest = longest * (1 - jitter);
  return static_cast<std::int64_t>(std::floor(random * longest * jitter + shortest));
}

}  // namespace bullmq::detail
