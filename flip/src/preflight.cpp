#include "shunt/flip/preflight.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "preflight_rows.hpp"

namespace shunt::flip {
namespace {

constexpr double kHeadroom = 1.3;  // of slots over the arrivals of the peak

Check check_probe(const std::optional<ProbeFacts>& probe) {
  constexpr std::string_view kName = "path.probe";
  if (!probe) {
    return warn(kName, "no generation was sent through the queue", "Look at this process's log.");
  }
  if (probe->failure) {
    return fail(kName, "a generation through the queue did not come back: " + *probe->failure,
                "Look into the worker's log; the same would happen to callers.");
  }
  if (probe->only_looked) {
    return warn(kName, "Redis takes writes; no model has a probe_input, so no generation was sent",
                "Give a cheap model a `probe_input`, as in '{\"prompt\": \"hi\"}'.");
  }
  return pass(kName, "a generation went through the queue in " + std::to_string(probe->took.count()) + " ms");
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Check check_workers(const FleetFacts& fleet) {
  constexpr std::string_view kName = "workers";
  std::vector<std::string> without;
  std::size_t slots = 0;
  for (const auto& model : fleet.models) {
    if (model.workers == 0) without.push_back(model.name);
    slots += model.slots;
  }
  if (!without.empty()) {
    return fail(kName, "no worker serves " + joined(without),
                "Start workers (`shunt worker`), or keep these models in sync (`executor = \"sync\"`).");
  }
  const std::string found = std::to_string(slots) + " slots, version " + joined(fleet.worker_versions);
  const bool same = fleet.worker_versions.size() == 1 && fleet.worker_versions.front() == fleet.version;
  if (same) return pass(kName, found);
  return warn(kName, found + "; this process is " + fleet.version,
              "Finish the deploy first: a rollout compares one build of workers with one of the API.");
}

Check check_capacity(const FleetFacts& fleet) {
  constexpr std::string_view kName = "capacity";
  std::vector<std::string> narrow;
  bool known = false;
  for (const auto& model : fleet.models) {
    const double run = static_cast<double>(model.mean_run.count()) / 1'000;
    const double wanted = model.arrivals_per_second * run * kHeadroom;
    known = known || wanted > 0;
    if (wanted > static_cast<double>(model.slots))
      narrow.push_back(model.name + " (" + short_number(wanted) + " slots wanted, " +
                       std::to_string(model.slots) + " there)");
  }
  if (!narrow.empty()) {
    return fail(kName, "the peak with 30 % to spare does not fit: " + joined(narrow),
                "Start more workers, or give them more slots.");
  }
  if (!known)
    return warn(kName, "nothing has run lately, so the load is not known", "Look again under load.");
  return pass(kName, "the peak fits with 30 % to spare");
}

// Of models whose generations are billed once.
Check check_bill(const FleetFacts& fleet) {
  constexpr std::string_view kName = "on_lost";
  std::vector<std::string> unfit;
  std::vector<std::string> untold;
  std::size_t once = 0;
  for (const auto& model : fleet.models) {
    if (model.on_lost != OnLost::kFail) continue;
    ++once;
    for (const std::string& worker : model.unfit_workers) unfit.push_back(worker + " (" + model.name + ')');
    if (model.untold_workers > 0)
      untold.push_back(model.name + " (" + std::to_string(model.untold_workers) + ')');
  }
  if (!unfit.empty()) {
    return fail(kName, "workers may run twice what is billed once: " + joined(unfit),
                "Bring them to this version; one in another language announces envelope 2 and "
                "maxStalledCount 0 (docs/contract/run-once.md).");
  }
  if (!untold.empty()) {
    return warn(
        kName, "workers of models that are billed once tell nothing of themselves: " + joined(untold),
        "See that they have maxStalledCount 0, and let them announce it (docs/contract/run-once.md).");
  }
  if (once == 0) return pass(kName, "no model has on_lost = \"fail\"");
  return pass(kName, "the workers run nothing twice of models with on_lost = \"fail\"");
}

Check check_sync_capacity(const FleetFacts& fleet) {
  constexpr std::string_view kName = "capacity.sync";
  const double refused = refused_share_in_sync(fleet);
  if (refused <= 0) return pass(kName, "sync mode carries the present load: the way back is open");
  return warn(kName, "back in sync mode " + whole_percent(refused) + " of requests would be refused with 429",
              "Start more API processes before the way back is needed.");
}

}  // namespace

std::string whole_percent(double share) {
  return std::to_string(std::lround(share * 100)) + '%';
}

std::string short_number(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 10 ? "%.1f" : "%.0f", number);
  return text.data();
}

std::string_view check_outcome_name(CheckOutcome outcome) noexcept {
  if (outcome == CheckOutcome::kPass) return "pass";
  return outcome == CheckOutcome::kWarn ? "warn" : "fail";
}

std::vector<Check> preflight(const PreflightFacts& facts) {
  std::vector<Check> checks = check_redis(facts.redis, facts.prefix_has_tag);
  if (facts.redis.failure) return checks;
  if (facts.fleet) {
    for (const auto check : {check_workers, check_bill, check_capacity, check_sync_capacity})
      checks.push_back(check(*facts.fleet));
  } else {
    checks.push_back(fail("workers", "the leases of workers could not be read", "Ask again."));
  }
  checks.push_back(check_probe(facts.probe));
  if (facts.shadow_keeps_prompts) {
    checks.push_back(warn("shadow.prompts", "the shadow stage puts samples of prompts into Redis",
                          "Turn it off in the plan where prompts must not leave the process."));
  }
  return checks;
}

std::vector<std::string> failing(const std::vector<Check>& checks,
                                 const std::vector<std::string>& overridden) {
  std::vector<std::string> names;
  for (const Check& check : checks) {
    if (check.outcome == CheckOutcome::kFail && std::ranges::find(overridden, check.name) == overridden.end())
      names.push_back(check.name);
  }
  return names;
}

double refused_share_in_sync(const FleetFacts& fleet) {
  double arrivals = 0;
  double refused = 0;
  for (const auto& model : fleet.models) {
    arrivals += model.arrivals_per_second;
    const double run = static_cast<double>(model.mean_run.count()) / 1'000;
    if (run <= 0) continue;
    refused += std::max(0.0, model.arrivals_per_second - static_cast<double>(model.sync_slots) / run);
  }
  return arrivals > 0 ? refused / arrivals : 0;
}

}  // namespace shunt::flip
