#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "shunt/base/clock.hpp"
#include "shunt/webhooks/namespace.hpp"

namespace shunt::webhooks {

// How many attempts are under way, of each caller and at each endpoint, and until when an endpoint wants
// none. Each is a connection: whoever names a thousand endpoints that answer nothing has a share of them, and
// leaves descriptors to those who are served, and attempts to other callers. Of one process. Times are passed
// in. One thread.
class EndpointGate {
 public:
  // So many endpoints that want a pause are remembered; of further ones only their own deliveries wait.
  static constexpr std::size_t kMostThrottled = 10'000;

  // Of one caller, unless one endpoint may have more; of all together twice as many.
  static constexpr std::size_t kMostOfCaller = 32;

  // `most_at_once`: at one endpoint.
  explicit EndpointGate(std::size_t most_at_once)
      : most_(most_at_once), most_of_caller_(std::max(kMostOfCaller, most_at_once)) {}

  // Where an attempt goes, and whose it is; without API keys everybody is one caller, "", and has all
  // attempts.
  struct Visitor {
    std::string endpoint;
    std::string caller;
  };
  // nullopt: go, and leave() afterwards. Otherwise come again after this.
  [[nodiscard]] std::optional<std::chrono::milliseconds> enter(const Visitor& visitor, SteadyTime now);
  void leave(const Visitor& visitor, SteadyTime now, std::optional<std::chrono::milliseconds> throttle);
  [[nodiscard]] std::size_t running() const noexcept { return running_; }

 private:
  struct Endpoint {
    std::size_t running = 0;
    SteadyTime shut_until{};
  };
  [[nodiscard]] bool has_enough(const std::string& caller) const;
  void forget_open_ones(SteadyTime now);

  const std::size_t most_;
  const std::size_t most_of_caller_;
  std::size_t running_ = 0;
  std::map<std::string, Endpoint, std::less<>> endpoints_;
  std::map<std::string, std::size_t, std::less<>> running_of_;  // each caller that has one
};

}  // namespace shunt::webhooks
