#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "shunt/base/clock.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// How many attempts are under way at each endpoint, and until when one wants none. Of one process. Times are
// passed in. One thread.
class EndpointGate {
 public:
  // So many endpoints that want a pause are remembered; of further ones only their own deliveries wait.
  static constexpr std::size_t kMostThrottled = 10'000;

  explicit EndpointGate(std::size_t most_at_once) : most_(most_at_once) {}

  // nullopt: go, and leave() afterwards. Otherwise come again after this.
  [[nodiscard]] std::optional<std::chrono::milliseconds> enter(const std::string& endpoint, SteadyTime now);
  void leave(const std::string& endpoint, SteadyTime now, std::optional<std::chrono::milliseconds> throttle);
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

 private:
  struct Endpoint {
    std::size_t running = 0;
    SteadyTime shut_until{};
  };
  void forget_open_ones(SteadyTime now);

  const std::size_t most_;
  std::size_t running_ = 0;
  std::map<std::string, Endpoint, std::less<>> endpoints_;
};

}  // namespace shunt::webhooks
