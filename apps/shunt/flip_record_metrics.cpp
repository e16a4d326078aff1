#include "flip_record_metrics.hpp"

#include <utility>
#include <vector>

#include "metric_families.hpp"

namespace shunt::app {
namespace {

prometheus::MetricFamily counted(const char* name, const char* help, std::uint64_t count) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Counter;
  family.metric.emplace_back().counter.value = static_cast<double>(count);
  return family;
}

prometheus::MetricFamily gauge(const char* name, const char* help, double value) {
  return GaugeReading(name, help).add(value).family();
}

prometheus::MetricFamily states(flip::FlipState now) {
  GaugeReading reading("shunt_flip_state", "1 for the state that this process acts on, 0 for the others");
  for (std::size_t i = 0; i < flip::kFlipStates; ++i) {
    const auto state = static_cast<flip::FlipState>(i);
    reading.add(state == now ? 1 : 0, {{"state", std::string(flip::state_name(state))}});
  }
  return reading.family();
}

double unix_seconds(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

std::string flip_record_metrics_text(const flip::FlipView& view) {
  std::vector<prometheus::MetricFamily> families;
  families.push_back(states(view.record.state));
  families.push_back(gauge("shunt_flip_weight_ratio",
                           "Share of the callers that the record sends to the queue",
                           flip::weight_of(view.record).fraction()));
  families.push_back(gauge("shunt_flip_epoch", "Number of the record's last change",
                           static_cast<double>(view.record.epoch)));
  families.push_back(gauge("shunt_flip_changed_timestamp_seconds", "When its state or step was entered",
                           unix_seconds(view.record.since)));
  families.push_back(
      gauge("shunt_flip_processes", "API processes that have a lease", static_cast<double>(view.processes)));
  families.push_back(gauge("shunt_flip_acknowledged", "Of these, the ones that act on the record's epoch",
                           static_cast<double>(view.acknowledged)));
  families.push_back(gauge("shunt_flip_store_unreadable_seconds",
                           "For how long the record in Redis could not be read; 0 while it can",
                           in_seconds(view.store_unreadable_for)));
  families.push_back(gauge(
      "shunt_flip_blind", "1 while this process sends nothing to the queue, since nobody watches the rollout",
      view.blind ? 1 : 0));
  families.push_back(gauge("shunt_flip_unmerged", "1 while a change of this process alone waits for Redis",
                           view.unmerged ? 1 : 0));
  families.push_back(
      gauge("shunt_flip_controls", "1 while this process is the fleet's controller", view.controls ? 1 : 0));
  families.push_back(
      counted("shunt_flip_ticks_total", "Looks that this process took as controller", view.ticks));
  families.push_back(counted("shunt_flip_merges_total",
                             "Changes made without Redis that were merged with its record", view.merges));
  families.push_back(counted("shunt_flip_lost_races_total",
                             "Changes that another one of the same epoch came before", view.lost_races));
  families.push_back(counted("shunt_flip_refused_records_total", "Times that what lay in Redis was no record",
                             view.refused_records));
  families.push_back(counted("shunt_flip_failed_files_total", "Writes of the state or audit file that failed",
                             view.failed_files));
  return metrics_text(families);
}

}  // namespace shunt::app
