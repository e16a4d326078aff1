#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/flip/figures.hpp"
#include "shunt/flip/flip_control.hpp"
#include "shunt/flip/namespace.hpp"

// What the processes of a fleet tell each other beside the record: leases, counts and the controller's
// report. Texts of JSON; a reader takes whatever it is given, and bounds it.
namespace shunt::flip {

// Of each of these texts.
inline constexpr std::size_t kMaxReportBytes = 16 * 1024;

[[nodiscard]] std::string lease_text(const ApiProcess& process);
// nullopt: nothing that names a process.
[[nodiscard]] std::optional<ApiProcess> parse_lease(std::string_view text);

inline constexpr std::size_t kMostDropReasons = 20;

// What one process has counted under one epoch since that began, in all.
struct ProcessCounts {
  SideFigures canary;
  SideFigures control;
  std::uint64_t not_judged_canary = 0;  // cancelled, refused input, limits of the upstream
  std::uint64_t not_judged_control = 0;
  std::uint64_t admitted = 0;  // since the process began, whatever the epoch
  std::uint64_t ended = 0;     // wherever they ran, whoever asked
  std::uint64_t queued = 0;    // of them, those that the queue ran
  std::uint64_t comparisons = 0;
  std::uint64_t mismatches = 0;
  // Of the shadow, beside the two.
  std::uint64_t sampled = 0;
  std::array<std::uint64_t, kShadowClasses> compared{};
  std::uint64_t noise_compared = 0;
  std::uint64_t noise_mismatches = 0;
  std::map<std::string, std::uint64_t> dropped{};  // by why; at most kMostDropReasons are told
  std::uint64_t doubles = 0;                       // keys that two processes had taken while Redis was away
  std::uint64_t lost = 0;  // queued generations that ended because their worker or their job was lost
  [[nodiscard]] bool operator==(const ProcessCounts&) const = default;
};
// Puts in what its shadow has counted, and takes it out again.
void put_shadow(ProcessCounts& counts, const ShadowCounts& shadow);
void add_shadow(ShadowCounts& to, const ProcessCounts& counts);
[[nodiscard]] std::string counts_text(const ProcessCounts& counts);
[[nodiscard]] std::optional<ProcessCounts> parse_counts(std::string_view text);

// The controller's report, with what the next tick needs besides the progress.
struct KeptTick {
  TickReport report;
  std::uint64_t evictions = 0;  // of Redis, when the epoch began
  std::uint64_t probes_in_a_row = 0;
};
[[nodiscard]] std::string tick_text(const KeptTick& tick);
[[nodiscard]] std::optional<KeptTick> parse_tick(std::string_view text);

}  // namespace shunt::flip
