#include "reload_figures.hpp"

#include <utility>

#include "metric_families.hpp"

namespace shunt::app {

void ReloadFigures::taken(std::string digest, std::size_t waiting, WallTime now) {
  const std::lock_guard lock(mutex_);
  ++taken_;
  last_was_taken_ = true;
  last_at_ = now;
  digest_ = std::move(digest);
  waiting_ = waiting;
}

void ReloadFigures::rejected(WallTime now) {
  const std::lock_guard lock(mutex_);
  ++rejected_;
  last_was_taken_ = false;
  last_at_ = now;
}

std::string ReloadFigures::text() const {
  const std::lock_guard lock(mutex_);
  CounterReading reloads("shunt_config_reloads_total", "Configurations read again, by what became of them");
  reloads.add(taken_, {{"outcome", "taken"}});
  reloads.add(rejected_, {{"outcome", "rejected"}});
  GaugeReading successful("shunt_config_last_reload_successful",
                          "0 while the latest reload was rejected, so that the process runs something else "
                          "than its file says");
  GaugeReading last("shunt_config_last_reload_timestamp_seconds",
                    "When the latest reload was; 0: there was none");
  GaugeReading waiting("shunt_config_restart_needed",
                       "Settings that have another value since a restart is needed");
  GaugeReading info("shunt_config_info", "The digest of the configuration that runs");
  info.add(1, {{"digest", digest_}});
  return metrics_text({reloads.family(), successful.add(last_was_taken_ ? 1 : 0).family(),
                       last.add(static_cast<double>(last_at_.time_since_epoch().count()) / 1'000).family(),
                       waiting.add(static_cast<double>(waiting_)).family(), info.family()});
}

}  // namespace shunt::app
