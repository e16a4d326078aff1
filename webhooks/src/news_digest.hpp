#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/webhook.hpp"

namespace shunt::webhooks {

// What of a generation that goes on is to be told next, and when. One message tells all that there is by
// then, so output and logs that come meanwhile share the next one. Pure.
class NewsDigest {
 public:
  // Between two messages about output or logs; the start waits for nothing.
  static constexpr std::chrono::milliseconds kPause{500};

  explicit NewsDigest(News wanted) noexcept : wanted_(wanted) {}

  void take(const GenerationEvent& event);
  // When something is to be told; nullopt: there is nothing.
  [[nodiscard]] std::optional<SteadyTime> next_at() const;
  // What next_at() speaks of is told now: "start", "output" or "logs".
  [[nodiscard]] std::string_view begin(SteadyTime now);
  // What begin() has named was not sent: nothing is before this.
  void put_back(std::string_view type, SteadyTime until);

 private:
  News wanted_;
  News pending_{};
  bool started_ = false;
  SteadyTime pause_until_{};
  SteadyTime blocked_until_{};
};

}  // namespace shunt::webhooks
