#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fleet/acting_record.hpp"
#include "fleet/changer.hpp"
#include "fleet/end_counts.hpp"
#include "fleet/fleet_figures.hpp"
#include "fleet/flip_context.hpp"
#include "fleet/follower.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"
#include "shunt/flip/controller.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Reports this process's counts once a tick; and, while this process holds the controller's lease, looks at
// the fleet, calls control() and carries its event out. One thread: the loop's.
class ControllerLoop {
 public:
  ControllerLoop(FlipContext& context, ActingRecord& acting, Follower& follower, Changer& changer,
                 EndCounts& ends)
      : context_(context), acting_(acting), follower_(follower), changer_(changer), ends_(ends) {}

  void start();
  void stop();
  // The record has changed: its tick may be another one, and one that ends is brought to its end.
  void record_changed();

 private:
  bullmq::awaitable<void> turn();
  bullmq::awaitable<void> report_counts();
  bullmq::awaitable<void> tick(std::string fence);
  bullmq::awaitable<void> probe();
  // An abort and a drain wait for no tick.
  bullmq::awaitable<void> go_on_down();
  bullmq::awaitable<std::optional<MemoryFacts>> ask_memory();
  bullmq::awaitable<void> finish(std::string fence, TickOutput output, FleetView view, std::uint64_t version);
  [[nodiscard]] std::optional<Figures> figures_of(const FleetLook& look,
                                                  const std::optional<QueueFacts>& queue,
                                                  const std::optional<MemoryFacts>& memory, bool traffic);
  // What has been kept belongs to this holding of the lease and this epoch, or is begun anew.
  void take_up(const std::string& fence, const std::optional<KeptTick>& stored, std::uint64_t epoch);
  [[nodiscard]] std::chrono::milliseconds interval() const;

  FlipContext& context_;
  ActingRecord& acting_;
  Follower& follower_;
  Changer& changer_;
  EndCounts& ends_;
  executor::PeriodicDuty ticking_;
  executor::PeriodicDuty probing_;
  executor::PeriodicDuty going_down_;
  std::uint64_t number_ = 0;  // of the counts that were written last
  SteadyTime next_{};
  SteadyTime next_down_ = SteadyTime::max();
  std::string held_;  // the fencing number under which kept_ is
  KeptTick kept_;
  bool evictions_known_ = false;
  ReportWatch watch_;
  std::optional<SteadyTime> last_tick_;
};

}  // namespace shunt::flip
