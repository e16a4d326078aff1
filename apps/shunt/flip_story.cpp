#include "flip_story.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "text_table.hpp"

namespace shunt::app {
namespace {

using flip::Story;
using flip::StoryEnd;
using flip::StoryEntry;

constexpr std::array kEnds{StoryEnd::kFull, StoryEnd::kAborted, StoryEnd::kHeld, StoryEnd::kUnfinished};

std::string formatted(const char* format, double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string percent(double share) {
  return formatted("%.4g", share * 100) + '%';
}

// "1d 03:20": days, hours and minutes.
std::string clock_text(std::chrono::milliseconds time) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(time).count();
  const auto days = minutes / (24 * 60);
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%02lld:%02lld", static_cast<long long>(minutes / 60 % 24),
                static_cast<long long>(minutes % 60));
  return (days > 0 ? std::to_string(days) + "d " : "") + text.data();
}

Style style_of(const flip::FlipRecord& record) {
  switch (record.state) {
    case flip::FlipState::kFull:
      return Style::kGreen;
    case flip::FlipState::kCanary:
      return Style::kCyan;
    case flip::FlipState::kHeld:
      return Style::kYellow;
    case flip::FlipState::kAborting:
    case flip::FlipState::kDraining:
      return Style::kRed;
    default:
      return Style::kPlain;
  }
}

// "12 of 1003, 1.2%"
std::string errors_text(const flip::SideNumbers& side) {
  if (side.jobs == 0) return "-";
  const double share = static_cast<double>(side.errors) / static_cast<double>(side.jobs);
  return std::to_string(side.errors) + " of " + std::to_string(side.jobs) + ", " +
         formatted("%.1f", share * 100) + '%';
}

std::string why_text(const StoryEntry& entry) {
  if (!entry.verdict.why.empty()) return displayable(entry.verdict.why);
  return "a person: " + std::string(flip::event_name(entry.event));
}

std::string supposition(const flip::Plan& plan, const flip::Scenario& scenario) {
  std::string text = "Plan \"" + displayable(plan.name) + "\", " + formatted("%.6g", scenario.per_minute) +
                     " generations a minute, " + percent(scenario.errors) + " of them fail";
  const bool differs = scenario.then_errors || scenario.then_slower != 1;
  if (!differs) return text + ".\n";
  text += "; on the queue";
  if (scenario.then_from > flip::Weight::none()) text += " from " + scenario.then_from.text() + " on";
  if (scenario.then_errors) text += ' ' + percent(*scenario.then_errors);
  if (scenario.then_slower != 1) {
    text += (scenario.then_errors ? ", and" : "") + (" it takes " + formatted("%.4g", scenario.then_slower)) +
            " times as long";
  }
  return text + ".\n";
}

std::string end_text(const Story& story, const Terminal& terminal) {
  const std::string after = " after " + clock_text(story.took) + ".\n";
  switch (story.end) {
    case StoryEnd::kFull:
      return terminal.styled(Style::kGreen, "Everybody uses the queue") + after;
    case StoryEnd::kAborted:
      return terminal.styled(Style::kRed, "It was taken back") + after;
    case StoryEnd::kHeld:
      return terminal.styled(Style::kYellow, "It is held") + after +
             "A person resumes it, goes a step back, or aborts it.\n";
    case StoryEnd::kUnfinished:
      break;
  }
  return terminal.styled(Style::kYellow, "It has not ended") + after +
         "It waits: " + displayable(story.waits_for) + ".\n";
}

JsonObject side_object(const flip::SideNumbers& side) {
  return {{"jobs", side.jobs},
          {"errors", side.errors},
          {"p50_ms", side.p50_ms},
          {"p95_ms", side.p95_ms},
          {"slow", side.slow}};
}

double seconds(std::chrono::milliseconds time) {
  return std::chrono::duration<double>(time).count();
}

JsonObject entry_object(const StoryEntry& entry) {
  JsonObject object{{"at_seconds", seconds(entry.at)},
                    {"event", flip::event_name(entry.event)},
                    {"state", flip::state_name(entry.record.state)},
                    {"place", flip::place_text(entry.record)},
                    {"weight", flip::weight_of(entry.record).text()},
                    {"epoch", entry.record.epoch},
                    {"by", flip::actor_kind_name(entry.record.by.kind)},
                    {"why", entry.verdict.why}};
  if (entry.verdict.canary.jobs == 0) return object;
  object["verdict"] = JsonObject{
      {"outcome", flip::outcome_name(entry.verdict.outcome)},
      {"canary", side_object(entry.verdict.canary)},
      {"control", side_object(entry.verdict.control)},
      {"z_errors", entry.verdict.z_errors},
      {"z_latency", entry.verdict.z_latency},
      {"smallest_detectable_rise", entry.verdict.rise_errors ? Json(*entry.verdict.rise_errors) : Json()}};
  return object;
}

JsonObject scenario_object(const flip::Plan& plan, const flip::Scenario& scenario) {
  return {{"plan", flip::plan_object(plan)},
          {"rate_per_minute", scenario.per_minute},
          {"errors", scenario.errors},
          {"then_errors", scenario.then_errors.value_or(scenario.errors)},
          {"slower", scenario.then_slower},
          {"from", scenario.then_from.text()},
          {"seed", scenario.seed}};
}

std::vector<std::chrono::milliseconds> times_of(StoryEnd end, const std::vector<Story>& stories) {
  std::vector<std::chrono::milliseconds> times;
  for (const Story& story : stories) {
    if (story.end == end) times.push_back(story.took);
  }
  std::ranges::sort(times);
  return times;
}

}  // namespace

std::string story_text(const flip::Plan& plan, const flip::Scenario& scenario, const Story& story,
                       const Terminal& terminal) {
  using Align = TextTable::Align;
  TextTable table({{"TIME", Align::kRight},
                   {"NOW"},
                   {"CANARY FAILED", Align::kRight},
                   {"CONTROL FAILED", Align::kRight},
                   {"BECAUSE"}});
  for (const StoryEntry& entry : story.entries) {
    table.add(
        {{clock_text(entry.at)},
         {flip::place_text(entry.record), style_of(entry.record)},
         {errors_text(entry.verdict.canary)},
         {errors_text(entry.verdict.control)},
         {why_text(entry), entry.verdict.outcome <= flip::Outcome::kFailed ? Style::kRed : Style::kPlain}});
  }
  return supposition(plan, scenario) + '\n' + table.text(terminal) + '\n' + end_text(story, terminal);
}

JsonObject story_object(const flip::Plan& plan, const flip::Scenario& scenario, const Story& story) {
  JsonObject object = scenario_object(plan, scenario);
  JsonArray entries;
  for (const StoryEntry& entry : story.entries) entries.emplace_back(entry_object(entry));
  object["end"] = flip::story_end_name(story.end);
  object["took_seconds"] = seconds(story.took);
  if (story.end == StoryEnd::kUnfinished) object["waits_for"] = story.waits_for;
  object["entries"] = std::move(entries);
  return object;
}

std::string ends_text(const flip::Plan& plan, const flip::Scenario& scenario,
                      const std::vector<Story>& stories, const Terminal& terminal) {
  using Align = TextTable::Align;
  TextTable table(
      {{"END"}, {"ROLLOUTS", Align::kRight}, {"SHARE", Align::kRight}, {"MEDIAN TIME", Align::kRight}});
  for (const StoryEnd end : kEnds) {
    const auto times = times_of(end, stories);
    if (times.empty()) continue;
    const double share = static_cast<double>(times.size()) / static_cast<double>(stories.size());
    table.add({{std::string(flip::story_end_name(end))},
               {std::to_string(times.size())},
               {percent(share)},
               {clock_text(times[times.size() / 2])}});
  }
  return supposition(plan, scenario) + '\n' + table.text(terminal);
}

JsonObject ends_object(const flip::Plan& plan, const flip::Scenario& scenario,
                       const std::vector<Story>& stories) {
  JsonObject object = scenario_object(plan, scenario);
  object["runs"] = stories.size();
  JsonObject ends;
  for (const StoryEnd end : kEnds) {
    const auto times = times_of(end, stories);
    if (times.empty()) continue;
    ends[flip::story_end_name(end)] =
        JsonObject{{"rollouts", times.size()}, {"median_seconds", seconds(times[times.size() / 2])}};
  }
  object["ends"] = std::move(ends);
  return object;
}

}  // namespace shunt::app
