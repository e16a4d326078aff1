#include "routes/wait_plan.hpp"

#include <algorithm>

namespace shunt::api {

WaitPlan plan_wait(const Preferences& preferences, std::chrono::milliseconds deadline) {
  WaitPlan plan;
  if (deadline.count() > 0) plan.limit = deadline;
  if (!preferences.wait && !preferences.respond_async) return plan;
  plan.late = WaitPlan::Late::kAccepted;
  if (preferences.wait) {
    plan.limit = std::min<std::chrono::milliseconds>(plan.limit, *preferences.wait);
    const auto seconds = std::chrono::floor<std::chrono::seconds>(plan.limit).count();
    plan.applied = "wait=" + std::to_string(seconds);
    plan.applied_late = preferences.respond_async ? "respond-async, " + plan.applied : plan.applied;
    return plan;
  }
  plan.at_once = true;
  plan.applied_late = "respond-async";
  return plan;
}

}  // namespace shunt::api
