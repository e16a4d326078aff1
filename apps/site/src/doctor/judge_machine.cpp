#include <algorithm>
#include <cerrno>
#include <cstring>

#include "doctor/finding_made.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/duration_text.hpp"
#include "shunt/site/judgements.hpp"

namespace shunt::site {
namespace {

// Beside those of callers: event loops, programs' pipes, upstreams, files.
constexpr std::uint64_t kOwnFiles = 512;
constexpr std::uint64_t kFewFiles = 1'024;
// Of the memory that there is, what callers may hold: the rest is for the process itself and its programs.
constexpr double kMemoryShare = 0.8;
constexpr double kLowShare = 0.05;
constexpr std::uint64_t kLowBytes = std::uint64_t{100} << 20U;
// Long before any release, and long after: a clock that was never set stands at its zero.
constexpr WallTime kEarliest{std::chrono::seconds(1'767'225'600)};  // 2026-01-01
constexpr WallTime kLatest{std::chrono::seconds(4'102'444'800)};    // 2100-01-01

// In the largest unit of which there are at least ten.
std::string rounded(std::uint64_t bytes) {
  const unsigned unit = bytes >= (std::uint64_t{10} << 30U) ? 30U : 20U;
  return format_bytes(bytes >> unit << unit);
}

Finding judge_files(const LimitFacts& facts) {
  constexpr const char* kName = "limits.open_files";
  if (!facts.open_files) return fine(kName, "without a limit");
  const std::string found = std::to_string(*facts.open_files) + " open files";
  const std::string advice =
      "Raise it: LimitNOFILE= in the unit, ulimit -n in a shell, or lower server.max_connections.";
  if (*facts.open_files < kFewFiles) return problem(kName, found + " at most", advice);
  if (*facts.open_files < facts.connections + kOwnFiles) {
    return warning(kName,
                   found + " at most, and server.max_connections is " + std::to_string(facts.connections),
                   advice);
  }
  return fine(kName, found + " at most, enough for " + std::to_string(facts.connections) + " connections");
}

Finding judge_memory(const LimitFacts& facts) {
  constexpr const char* kName = "limits.memory";
  const auto least = [](std::optional<std::uint64_t> a, std::optional<std::uint64_t> b) {
    if (a && b) return std::optional(std::min(*a, *b));
    return a ? a : b;
  };
  const auto there = least(facts.machine_memory, facts.cgroup_memory);
  const std::string limit = "memory.limit is " + format_bytes(facts.memory_limit);
  if (!there) return fine(kName, limit);
  const std::string found = limit + ", of " + rounded(*there) + " that there is";
  const std::string advice = "Lower memory.limit, or give the service more: the kernel ends it otherwise.";
  if (facts.memory_limit > *there) return problem(kName, found, advice);
  if (static_cast<double>(facts.memory_limit) > kMemoryShare * static_cast<double>(*there))
    return warning(kName, found, advice);
  return fine(kName, found);
}

std::string percent_of(std::uint64_t part, std::uint64_t whole) {
  return std::to_string(whole == 0 ? 0 : part * 100 / whole) + '%';
}

bool is_low(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) < kLowShare * static_cast<double>(whole);
}

Finding judge_access(const FolderFacts& facts, const std::string& name) {
  const std::string path = displayable(facts.path);
  if (facts.failure != 0) {
    const std::string what =
        facts.there ? path : displayable(facts.asked) + ", in which " + path + " would be made,";
    return problem(
        name, what + " cannot be written to: " + std::strerror(facts.failure),
        "Give it to the service's user (chown, chmod; ReadWritePaths= in a unit), or name another folder.");
  }
  return fine(name, path + (facts.there ? "" : ", which is made when it is needed"));
}

}  // namespace

Finding judge_kernel(const KernelFacts& facts) {
  constexpr const char* kName = "kernel";
  if (facts.open_to_programs.empty())
    return fine(kName, "Linux " + facts.release + "; programs can be confined");
  const std::string found =
      "Linux " + facts.release + " does not keep programs from " + displayable(facts.open_to_programs);
  if (!facts.runs_programs) return fine(kName, found + "; no model runs one");
  return warning(
      kName, found,
      "Use Linux 6.12 or later with Landlock (lsm= of its command line), or a user for each service.");
}

std::vector<Finding> judge_limits(const LimitFacts& facts) {
  return {judge_files(facts), judge_memory(facts)};
}

Finding judge_port(const PortFacts& facts) {
  constexpr const char* kName = "port";
  const std::string where = facts.address + ':' + std::to_string(facts.port);
  if (facts.failure == 0)
    return fine(kName, (facts.port == 0 ? "any port of " + facts.address : where) + " is free");
  const std::string by = facts.holder.empty() ? "" : " by " + displayable(facts.holder);
  if (facts.failure == EADDRINUSE && facts.answers_as_shunt)
    return fine(kName, where + " is taken" + by + ", which answers as Shunt does");
  if (facts.failure == EADDRINUSE) {
    return problem(kName, where + " is taken" + by,
                   "Set server.listen to another port, or stop what listens there" +
                       std::string(facts.holder.empty() ? " (ss -ltnp tells which program)." : "."));
  }
  if (facts.failure == EACCES) {
    return problem(
        kName, where + " is not permitted to this user",
        "Ports below 1024 need AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit; or take another.");
  }
  if (facts.failure == EADDRNOTAVAIL)
    return problem(kName, "this machine has no address " + facts.address,
                   "Set server.listen to one that it has.");
  return problem(kName, where + " cannot be listened on: " + std::strerror(facts.failure),
                 "Look at server.listen.");
}

std::vector<Finding> judge_folder(const FolderFacts& facts) {
  const std::string name = "disk." + facts.purpose;
  std::vector<Finding> findings{judge_access(facts, name)};
  if (!facts.can_be_measured || findings.front().severity != Severity::kOk) return findings;
  const std::string free =
      rounded(facts.free_bytes) + " free (" + percent_of(facts.free_bytes, facts.bytes) + ')';
  const std::string place = " where " + displayable(facts.path) + " is";
  const std::uint64_t needed = std::max(facts.wanted_bytes, kLowBytes);
  if (facts.free_bytes < needed) {
    findings.front() =
        problem(name, free + place,
                "Make room, " + rounded(needed) + " at least: " +
                    (facts.wanted_bytes > kLowBytes ? "below files.min_free uploads are refused."
                                                    : "results cannot be kept otherwise."));
  } else if (is_low(facts.free_bytes, facts.bytes)) {
    findings.front() = warning(name, free + place, "Make room before it is full.");
  } else {
    findings.front().found += ", " + free;
  }
  if (facts.inodes > 0 && is_low(facts.free_inodes, facts.inodes)) {
    findings.push_back(warning(name + ".inodes",
                               std::to_string(facts.free_inodes) + " files more can be made" + place + " (" +
                                   percent_of(facts.free_inodes, facts.inodes) + ')',
                               "Remove small files, or use a file system with more inodes."));
  }
  return findings;
}

Finding judge_clock(const ClockFacts& facts) {
  constexpr const char* kName = "clock";
  const std::string now = format_rfc3339(facts.now);
  if (facts.now < kEarliest || facts.now > kLatest) {
    return problem(kName, "it says " + now,
                   "Set it: certificates, expiries, signatures and the queue's delays go by it.");
  }
  if (facts.synchronized == false) {
    return warning(kName, now + ", and nothing keeps it right",
                   "Start systemd-timesyncd, chrony or ntpd, here or on the host of this machine.");
  }
  return fine(kName, now + (facts.synchronized ? ", synchronized" : ""));
}

std::vector<Finding> findings_of(const std::vector<flip::Check>& checks) {
  std::vector<Finding> findings;
  for (const flip::Check& check : checks) {
    const Severity severity = check.outcome == flip::CheckOutcome::kPass   ? Severity::kOk
                              : check.outcome == flip::CheckOutcome::kWarn ? Severity::kWarning
                                                                           : Severity::kProblem;
    findings.push_back({check.name, severity, displayable(check.found), check.advice});
  }
  return findings;
}

}  // namespace shunt::site
