#include "endpoint_gate.hpp"

#include <algorithm>

namespace shunt::webhooks {
namespace {

using std::chrono::milliseconds;

// An endpoint that has its share of attempts is tried again so soon: attempts take less as a rule.
constexpr milliseconds kWhenFull{500};

}  // namespace

std::optional<milliseconds> EndpointGate::enter(const Visitor& visitor, SteadyTime now) {
  Endpoint& known = endpoints_[visitor.endpoint];
  if (known.shut_until > now) {
    return std::max(std::chrono::ceil<milliseconds>(known.shut_until - now), milliseconds(1));
  }
  if (known.running >= most_ || has_enough(visitor.caller)) {
    if (known.running == 0) endpoints_.erase(visitor.endpoint);
    return kWhenFull;
  }
  ++known.running;
  ++running_;
  ++running_of_[visitor.caller];
  return std::nullopt;
}

bool EndpointGate::has_enough(const std::string& caller) const {
  if (running_ >= 2 * most_of_caller_) return true;
  const auto found = running_of_.find(caller);
  return !caller.empty() && found != running_of_.end() && found->second >= most_of_caller_;
}

void EndpointGate::leave(const Visitor& visitor, SteadyTime now, std::optional<milliseconds> throttle) {
  const auto found = endpoints_.find(visitor.endpoint);
  if (found == endpoints_.end() || found->second.running == 0) return;
  --found->second.running;
  --running_;
  const auto of_caller = running_of_.find(visitor.caller);
  if (of_caller != running_of_.end() && --of_caller->second == 0) running_of_.erase(of_caller);
  if (throttle) found->second.shut_until = std::max(found->second.shut_until, now + *throttle);
  const bool idle = found->second.running == 0;
  if (idle && found->second.shut_until <= now) {
    endpoints_.erase(found);
  } else if (endpoints_.size() > kMostThrottled) {
    forget_open_ones(now);
    if (idle && endpoints_.size() > kMostThrottled) endpoints_.erase(visitor.endpoint);
  }
}

void EndpointGate::forget_open_ones(SteadyTime now) {
  std::erase_if(endpoints_, [now](const auto& each) {
    return each.second.running == 0 && each.second.shut_until <= now;
  });
}

}  // namespace shunt::webhooks
