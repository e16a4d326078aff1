#include "shunt/flip/plan.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/duration_text.hpp"
#include "strict_members.hpp"

namespace shunt::flip {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kYear = hours(24 * 365);
constexpr std::int64_t kMostJobs = 1'000'000'000;

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  const std::string pointer = wrong.member_pointer();
  std::string message = "plan: " + pointer;
  if (wrong.got == nullptr) return invalid_field(pointer, message + " is required", "invalid_plan");
  const std::string got = wrong.got->is_object() || wrong.got->is_array()
                              ? std::string(json_kind_name(*wrong.got))
                              : to_json_text(*wrong.got);
  message.append(": expected ").append(wrong.expected).append(", got ").append(got.substr(0, 80));
  return invalid_field(pointer, to_valid_utf8(message), "invalid_plan");
}

// Reads one table of the plan with `read`, if it is there.
template <typename Read>
void read_table(StrictMembers& outer, std::string_view name, Read read) {
  if (outer.reader().find(name) == nullptr) return;
  StrictMembers members(outer.reader().object(name), outer.pointer_to(name), wrong_member);
  if (outer.reader().problem()) return;
  read(members);
  if (auto finished = members.finish(); !finished) outer.reader().refuse(finished.error());
}

void read_dark(StrictMembers& members, DarkRule& dark) {
  members.duration("least_time", dark.least_time, milliseconds(0), kYear);
  members.count("least_probes", dark.least_probes, kMostJobs);
}

void read_shadow(StrictMembers& members, ShadowRule& shadow) {
  members.boolean("enabled", shadow.enabled);
  members.duration("least_time", shadow.least_time, milliseconds(0), kYear);
  members.count("least_comparisons", shadow.least_comparisons, kMostJobs);
  members.count("max_mismatches", shadow.max_mismatches, kMostJobs);
}

void read_thresholds(StrictMembers& members, Thresholds& thresholds) {
  members.number("z_failed", thresholds.z_failed, 1, 10);
  members.number("z_inconclusive", thresholds.z_inconclusive, 0, 10);
  members.count("least_jobs", thresholds.least_jobs, kMostJobs);
  members.number("latency_rise", thresholds.latency_rise, 0, 100);
  members.duration("latency_rise_time", thresholds.latency_rise_time, milliseconds(0), hours(1));
  if (thresholds.z_inconclusive > thresholds.z_failed) {
    members.reader().refuse("z_inconclusive", "at most z_failed");
  }
}

void read_guards(StrictMembers& members, Guards& guards) {
  if (members.reader().find("full") != nullptr) {
    const std::string word = members.reader().text("full");
    if (word == "abort") guards.full = FullGuard::kAbort;
    if (word != "abort" && word != "alert") members.reader().refuse("full", "\"alert\" or \"abort\"");
  }
  members.count("ticks", guards.ticks, 1, 1'000);
  members.count("no_data_hold", guards.no_data_hold, 1, 1'000);
  members.count("no_data_abort", guards.no_data_abort, 1, 1'000);
  members.number("memory_share", guards.memory_share, 0.01, 1);
  members.duration("breaker_open", guards.breaker_open, seconds(1), kYear);
  members.duration("store_unreadable", guards.store_unreadable, seconds(1), kYear);
}

PlanStep read_step(StrictMembers& members) {
  PlanStep step;
  members.weight("weight", step.weight);
  members.duration("least_time", step.least_time, milliseconds(0), kYear);
  members.count("least_jobs", step.least_jobs, kMostJobs);
  std::vector<std::string> judged;
  members.lines("judge", judged, 2, 16);
  for (const std::string& word : judged) {
    if (word == "errors") step.judge_errors = true;
    if (word == "latency") step.judge_latency = true;
    if (word != "errors" && word != "latency") members.reader().refuse("judge", "\"errors\" and \"latency\"");
  }
  return step;
}

void read_steps(StrictMembers& plan, std::vector<PlanStep>& steps) {
  const Json* const value = plan.reader().find("steps");
  if (value == nullptr) return;
  const std::string expected =
      "1 to " + std::to_string(kMaxSteps) + " steps, each with a weight above the one before and below 100%";
  if (!value->is_array() || value->get_array().empty() || value->get_array().size() > kMaxSteps) {
    return plan.reader().refuse("steps", expected);
  }
  steps.clear();
  for (const Json& entry : value->get_array()) {
    if (!entry.is_object()) return plan.reader().refuse("steps", expected);
    StrictMembers members(entry.get_object(), plan.pointer_to("steps/" + std::to_string(steps.size())),
                          wrong_member);
    steps.push_back(read_step(members));
    const Weight before = steps.size() > 1 ? steps[steps.size() - 2].weight : Weight::none();
    const Weight weight = steps.back().weight;
    if (weight <= before || weight == Weight::all()) {
      members.reader().refuse("weight",
                              "a weight above the one before (" + before.text() + ") and below 100%");
    }
    if (auto finished = members.finish(); !finished) return plan.reader().refuse(finished.error());
  }
}

// What parse_json would have read.
std::int64_t number(std::uint64_t count) {
  return static_cast<std::int64_t>(count);
}

JsonObject step_object(const PlanStep& step) {
  JsonArray judged;
  if (step.judge_errors) judged.emplace_back("errors");
  if (step.judge_latency) judged.emplace_back("latency");
  return {{"weight", step.weight.text()},
          {"least_time", format_duration(step.least_time)},
          {"least_jobs", number(step.least_jobs)},
          {"judge", std::move(judged)}};
}

JsonArray names(const std::vector<std::string>& texts) {
  return JsonArray(texts.begin(), texts.end());
}

JsonObject thresholds_object(const Thresholds& thresholds) {
  return {{"z_failed", thresholds.z_failed},
          {"z_inconclusive", thresholds.z_inconclusive},
          {"least_jobs", number(thresholds.least_jobs)},
          {"latency_rise", thresholds.latency_rise},
          {"latency_rise_time", format_duration(thresholds.latency_rise_time)}};
}

JsonObject guards_object(const Guards& guards) {
  return {{"full", guards.full == FullGuard::kAbort ? "abort" : "alert"},
          {"ticks", number(guards.ticks)},
          {"no_data_hold", number(guards.no_data_hold)},
          {"no_data_abort", number(guards.no_data_abort)},
          {"memory_share", guards.memory_share},
          {"breaker_open", format_duration(guards.breaker_open)},
          {"store_unreadable", format_duration(guards.store_unreadable)}};
}

}  // namespace

Plan default_plan() {
  Plan plan;
  // One per cent lives on the hard guards alone: at 1 % of any usual traffic no statistics can prove
  // anything.
  plan.steps = {{Weight::percent(1), hours(1), 100, false, false},
                {Weight::percent(5), hours(1), 500, true, false},
                {Weight::percent(10), hours(2), 1'000, true, true},
                {Weight::percent(25), hours(4), 2'500, true, true},
                {Weight::percent(50), hours(24), 5'000, true, true}};
  return plan;
}

Result<Plan> parse_plan(const JsonObject& object, std::string_view pointer) {
  Plan plan = default_plan();
  StrictMembers members(object, std::string(pointer), wrong_member);
  members.line("name", plan.name, kMaxNameBytes);
  members.duration("tick", plan.tick, seconds(1), hours(1));
  read_table(members, "dark", [&](StrictMembers& table) { read_dark(table, plan.dark); });
  read_table(members, "shadow", [&](StrictMembers& table) { read_shadow(table, plan.shadow); });
  read_steps(members, plan.steps);
  members.duration("full_watch", plan.full_watch, milliseconds(0), kYear);
  read_table(members, "thresholds", [&](StrictMembers& table) { read_thresholds(table, plan.thresholds); });
  read_table(members, "guards", [&](StrictMembers& table) { read_guards(table, plan.guards); });
  members.duration("cool_down", plan.cool_down, milliseconds(0), kYear);
  members.duration("max_cool_down", plan.max_cool_down, milliseconds(0), kYear);
  members.count("max_in_flight", plan.max_in_flight, kMostJobs);
  members.lines("allow", plan.allow, kMaxListed, kMaxKeyBytes);
  members.lines("deny", plan.deny, kMaxListed, kMaxKeyBytes);
  if (auto finished = members.finish(); !finished) return finished.error();
  return plan;
}

JsonObject plan_object(const Plan& plan) {
  JsonArray steps;
  for (const PlanStep& step : plan.steps) steps.emplace_back(step_object(step));
  return {{"name", plan.name},
          {"tick", format_duration(plan.tick)},
          {"dark",
           {{"least_time", format_duration(plan.dark.least_time)},
            {"least_probes", number(plan.dark.least_probes)}}},
          {"shadow",
           {{"enabled", plan.shadow.enabled},
            {"least_time", format_duration(plan.shadow.least_time)},
            {"least_comparisons", number(plan.shadow.least_comparisons)},
            {"max_mismatches", number(plan.shadow.max_mismatches)}}},
          {"steps", std::move(steps)},
          {"full_watch", format_duration(plan.full_watch)},
          {"thresholds", thresholds_object(plan.thresholds)},
          {"guards", guards_object(plan.guards)},
          {"cool_down", format_duration(plan.cool_down)},
          {"max_cool_down", format_duration(plan.max_cool_down)},
          {"max_in_flight", number(plan.max_in_flight)},
          {"allow", names(plan.allow)},
          {"deny", names(plan.deny)}};
}

}  // namespace shunt::flip
