#include "endpoint_gate.hpp"

#include <algorithm>

namespace shunt::webhooks {
namespace {

using std::chrono::milliseconds;

// An endpoint that has its share of attempts is tried again so soon: attempts take less as a rule.
constexpr milliseconds kWhenFull{500};

}  // namespace

std::optional<milliseconds> EndpointGate::enter(const std::string& endpoint, SteadyTime now) {
  Endpoint& known = endpoints_[endpoint];
  if (known.shut_until > now) {
    return std::max(std::chrono::ceil<milliseconds>(known.shut_until - now), milliseconds(1));
  }
  if (known.running >= most_) return kWhenFull;
  ++known.running;
  ++running_;
  return std::nullopt;
}

void EndpointGate::leave(const std::string& endpoint, SteadyTime now, std::optional<milliseconds> throttle) {
  const auto found = endpoints_.find(endpoint);
  if (found == endpoints_.end() || found->second.running == 0) return;
  --found->second.running;
  --running_;
  if (throttle) found->second.shut_until = std::max(found->second.shut_until, now + *throttle);
  const bool idle = found->second.running == 0;
  if (idle && found->second.shut_until <= now) {
    endpoints_.erase(found);
  } else if (endpoints_.size() > kMostThrottled) {
    forget_open_ones(now);
    if (idle && endpoints_.size() > kMostThrottled) endpoints_.erase(endpoint);
  }
}

void EndpointGate::forget_open_ones(SteadyTime now) {
  std::erase_if(endpoints_, [now](const auto& each) {
    return each.second.running == 0 && each.second.shut_until <= now;
  });
}

}  // namespace shunt::webhooks
