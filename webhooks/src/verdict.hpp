#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// The example of the standard has so many attempts; there are no more.
inline constexpr std::size_t kMostAttempts = 10;
// What an endpoint may ask for: the longest pause of the standard.
inline constexpr std::chrono::hours kMostRetryAfter{24};

// The pause after this many attempts have failed, by the standard's example, made up to a tenth shorter or
// longer by `draw` (0 to 1), so that what failed together does not come again together. nullopt: none is
// left. `attempts`: how many there are in all. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> pause_after(std::size_t failed, std::size_t attempts,
                                                                   double draw);

// What Retry-After asks for, from now on: seconds, or a date. At most kMostRetryAfter; nullopt: it is
// neither, or is over. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> read_retry_after(std::string_view text, WallTime now);

struct Verdict {
  enum class Kind {
    kDelivered,
    kRetry,
    kGivenUp,  // no attempt is left
    kGone,     // 410: the endpoint wants nothing more
  };
  Kind kind = Kind::kDelivered;
  std::chrono::milliseconds pause{0};  // of kRetry
  std::string reason{};                // of the others that are no success
};

// What an attempt means, of which it was the `made`th. Pure.
[[nodiscard]] Verdict judge(const Attempt& attempt, std::size_t made, std::size_t attempts, double draw);

// How long nobody is to ask this endpoint, whatever for: it says that it is overloaded. Pure.
[[nodiscard]] std::optional<std::chrono::milliseconds> throttle_of(const Attempt& attempt);

}  // namespace shunt::webhooks
