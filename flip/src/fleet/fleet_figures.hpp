#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/figures.hpp"
#include "shunt/flip/namespace.hpp"
#include "store/flip_answers.hpp"

// From what a fleet has told to what a tick is decided by. Pure.
namespace shunt::flip {

// What the queue's executor tells of models and workers.
struct QueueFacts {
  std::chrono::milliseconds oldest_waiting{0};
  bool leases_gone = false;
  bool in_flight = false;
  std::string workers_version;  // "" = there is no worker, or several versions
  bool versions_mixed = false;
};
[[nodiscard]] QueueFacts queue_facts_of(const executor::Fleet& fleet);

// The version of the whole fleet: that of the workers and of all API processes. Empty while one of them is
// not known.
struct FleetBuild {
  std::string build;
  bool mixed = false;
};
[[nodiscard]] FleetBuild build_of(const std::vector<ApiProcess>& processes,
                                  const std::optional<QueueFacts>& queue);

// The counts of all processes together.
struct FleetCounts {
  ProcessCounts sum;
  std::optional<double> jobs_seen;  // the share of ended generations that the queue ran
};
[[nodiscard]] FleetCounts sum_of(const std::vector<FleetLook::Counted>& counted);

// Follows from tick to tick who reports, and whether anything was admitted. Not pure: one object a holder of
// the lease.
class ReportWatch {
 public:
  // Ticks in which a process may not have reported anew until it counts as silent.
  static constexpr std::uint32_t kPatience = 3;

  struct Seen {
    std::vector<std::string> silent;
    bool traffic = false;  // since the look before
  };
  [[nodiscard]] Seen look(const FleetLook& fleet, std::uint64_t epoch);

 private:
  struct Process {
    std::uint64_t number = 0;
    std::uint64_t admitted = 0;
    std::uint32_t unchanged = 0;
  };
  std::uint64_t epoch_ = 0;
  std::map<std::string, Process> processes_;
};

}  // namespace shunt::flip
