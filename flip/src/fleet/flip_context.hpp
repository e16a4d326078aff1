#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "fleet/awaited_answer.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/namespace.hpp"
#include "store/flip_records.hpp"

namespace shunt::flip {

// What the services of the control work with. It and they are made, used and closed on the loop's thread, and
// destroyed when that has been joined: so every coroutine on the loop may refer to them, and what is
// destroyed together with the loop must not.
class FlipContext {
 public:
  FlipContext(FlipControlOptions options, EventLoop& loop);

  // Runs a coroutine that nobody waits for. What it lets out is a fault.
  void launch(bullmq::awaitable<void> work);

  const FlipControlOptions options;
  std::string build;  // as options.build until FlipControl::use_build
  const Clock& clock;
  EventLoop& loop;

 private:
  FaultLog own_faults_;

 public:
  FaultLog& faults;
  const std::string process;
  // Answers of others may come when the loop has gone.
  const std::shared_ptr<LoopGate> gate;
  FlipRecords records;

  // Counted here by whoever sees it, for FlipView.
  struct Counts {
    std::uint64_t ticks = 0;
    std::uint64_t merges = 0;
    std::uint64_t lost_races = 0;
    std::uint64_t refused_records = 0;
    std::uint64_t failed_files = 0;
  } counts;
  // Called when something has changed that a view shows.
  std::function<void()> changed = [] {};
};

// A new salt for a rollout, an abort or a change of version.
[[nodiscard]] std::string new_salt();

}  // namespace shunt::flip
