#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::openai {

// What the end of an attempt says of the server. kResting: the server is well and wants no requests for a
// while (429, or it loads its model). kNeither: it says nothing, as when the caller has cancelled.
enum class UpstreamHealth { kGood, kBad, kResting, kNeither };

enum class UpstreamState { kClosed, kOpen, kHalfOpen, kResting };
[[nodiscard]] std::string_view upstream_state_name(UpstreamState state) noexcept;

struct UpstreamBreakerOptions {
  std::size_t failures = 5;  // so many bad ends in a row open it
  std::chrono::milliseconds open = std::chrono::seconds(5);
  std::chrono::milliseconds max_open = std::chrono::minutes(1);
};

// Whether one of several servers is asked. It opens after some failures in a row; then a single request is
// the trial that closes it, or opens it for twice as long. The flip's breaker is another machine: that one
// sends probes of its own and lets traffic back by shares, while a request to a server may be billed, so
// nothing is sent here that no caller has asked for.
//
// Pure: the time and the random draws in [0, 1) are passed in. One thread at a time.
class UpstreamBreaker {
 public:
  // What an attempt keeps until its end.
  struct Pass {
    std::uint64_t opening = 0;
    bool trial = false;
  };

  explicit UpstreamBreaker(const UpstreamBreakerOptions& options) : options_(options) {}

  [[nodiscard]] bool admits(SteadyTime now) const noexcept;
  // An attempt begins. Whoever finds no server that admits may ask one all the same.
  [[nodiscard]] Pass enter(SteadyTime now) noexcept;
  // It has ended: once for each enter(). `rest` counts with kResting. An end of an attempt that began before
  // the breaker opened or closed changes nothing.
  void leave(SteadyTime now, const Pass& pass, UpstreamHealth health, std::chrono::milliseconds rest,
             double draw) noexcept;

  [[nodiscard]] UpstreamState state(SteadyTime now) const noexcept;
  [[nodiscard]] std::uint64_t opened() const noexcept { return opened_; }

 private:
  void open(SteadyTime now, double draw) noexcept;
  void close() noexcept;

  const UpstreamBreakerOptions options_;
  bool closed_ = true;
  bool trial_runs_ = false;
  std::size_t in_a_row_ = 0;
  std::size_t repeats_ = 0;
  std::uint64_t opening_ = 0;  // raised whenever it opens or closes
  std::uint64_t opened_ = 0;
  SteadyTime open_until_{};
  SteadyTime rests_until_{};
};

}  // namespace shunt::generation::openai
