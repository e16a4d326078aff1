#include "fleet/fleet_figures.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace shunt::flip {
namespace {

void add(SideFigures& to, const SideFigures& side) {
  to.jobs += side.jobs;
  to.errors += side.errors;
  to.total.add(side.total);
}

}  // namespace

QueueFacts queue_facts_of(const executor::Fleet& fleet) {
  QueueFacts facts;
  std::set<std::string> versions;
  bool served = false;
  for (const executor::ModelDescription& model : fleet.models) {
    if (model.open > 0) facts.in_flight = true;
    facts.oldest_waiting = std::max(facts.oldest_waiting, model.oldest_waiting_age);
    served = served || model.served();
  }
  facts.leases_gone = !served;
  for (const executor::WorkerStatus& worker : fleet.workers) versions.insert(worker.version);
  facts.versions_mixed = versions.size() > 1;
  if (versions.size() == 1) facts.workers_version = *versions.begin();
  return facts;
}

FleetBuild build_of(const std::vector<ApiProcess>& processes, const std::optional<QueueFacts>& queue) {
  std::set<std::string> builds;
  for (const ApiProcess& process : processes) builds.insert(process.build);
  FleetBuild fleet;
  fleet.mixed = builds.size() > 1 || (queue && queue->versions_mixed);
  if (fleet.mixed || builds.empty() || builds.begin()->empty() || !queue || queue->workers_version.empty()) {
    return fleet;
  }
  fleet.build = *builds.begin() + " workers " + queue->workers_version;
  fleet.build.resize(valid_utf8_prefix(std::string_view(fleet.build).substr(0, kMaxBuildBytes)));
  return fleet;
}

FleetCounts sum_of(const std::vector<FleetLook::Counted>& counted) {
  FleetCounts all;
  for (const FleetLook::Counted& each : counted) {
    const ProcessCounts& counts = each.counts;
    add(all.sum.canary, counts.canary);
    add(all.sum.control, counts.control);
    all.sum.not_judged_canary += counts.not_judged_canary;
    all.sum.not_judged_control += counts.not_judged_control;
    all.sum.ended += counts.ended;
    all.sum.queued += counts.queued;
    all.sum.comparisons += counts.comparisons;
    all.sum.mismatches += counts.mismatches;
    all.sum.doubles += counts.doubles;
    all.sum.lost += counts.lost;
  }
  if (all.sum.ended > 0) {
    all.jobs_seen = static_cast<double>(all.sum.queued) / static_cast<double>(all.sum.ended);
  }
  return all;
}

ReportWatch::Seen ReportWatch::look(const FleetLook& fleet, std::uint64_t epoch) {
  Seen seen;
  if (std::exchange(epoch_, epoch) != epoch) {
    for (auto& [name, process] : processes_) process.unchanged = 0;
  }
  std::map<std::string, Process> now;
  for (const ApiProcess& alive : fleet.processes) {
    Process process;
    const auto before = processes_.find(alive.process);
    if (before != processes_.end()) process = before->second;
    const auto counted = std::ranges::find(fleet.counted, alive.process, &FleetLook::Counted::process);
    const bool reported = counted != fleet.counted.end() && counted->number != process.number;
    process.unchanged = reported ? 0 : process.unchanged + 1;
    if (reported) {
      // What a process had admitted before it was first looked at is no traffic of now.
      if (before != processes_.end() && counted->counts.admitted > process.admitted) seen.traffic = true;
      process.number = counted->number;
      process.admitted = counted->counts.admitted;
    }
    if (process.unchanged >= kPatience) seen.silent.push_back(alive.process);
    now.emplace(alive.process, process);
  }
  processes_ = std::move(now);
  return seen;
}

}  // namespace shunt::flip
