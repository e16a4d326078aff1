#include "redis_metrics.hpp"

#include "metric_families.hpp"

namespace shunt::app {

std::string redis_metrics_text(const executor::ServerStatus& server) {
  if (server.eviction_policy.empty()) return {};
  GaugeReading safe("shunt_redis_eviction_policy_safe", "1 while Redis' maxmemory-policy is noeviction");
  return metrics_text({safe.add(server.eviction_policy == "noeviction" ? 1 : 0).family()});
}

}  // namespace shunt::app
