#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "shunt/executor/observer.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/weight.hpp"
#include "store/fleet_reports.hpp"

namespace shunt::flip {

// What this process has counted of the generations that ended, by the epoch that decided them. Of callers
// whom their bucket placed there each end belongs to the canary or its control, by the weight of that epoch.
// Any thread.
class EndCounts final : public executor::ExecutorObserver {
 public:
  // An end may come long after its epoch; older ones than these are not compared any more.
  static constexpr std::size_t kMostEpochs = 8;

  // From now on generations may be decided under this epoch.
  void begin_epoch(std::uint64_t epoch, Weight weight);

  void submitted(const Submitted& request) override;
  void ended(const Ended& end) override;
  // What is found out is told under the latest epoch: it needs no statistics.
  void registry(Registry what) override;

  [[nodiscard]] ProcessCounts of(std::uint64_t epoch) const;

 private:
  struct Epoch {
    Weight weight;
    ProcessCounts counts;
  };
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Epoch> epochs_;
  std::uint64_t admitted_ = 0;
};

}  // namespace shunt::flip
