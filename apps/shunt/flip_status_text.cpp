// The page of `shunt flip status`, and what a move led to.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>

#include "flip_text.hpp"
#include "labelled_page.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/duration_text.hpp"
#include "shunt/base/json_members.hpp"
#include "shunt/flip/verdict.hpp"

namespace shunt::app {
namespace {

std::string formatted(const char* format, double number) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

std::string percent(double share) {
  return formatted("%.1f", share * 100) + '%';
}

std::string count_in(const JsonObject& object, std::string_view name) {
  return std::to_string(std::llround(number_in(object, name)));
}

// "48m ago (2026-11-28T02:14:07.042Z)", "in 12m (...)".
std::string time_text(const JsonObject& object, std::string_view name, WallTime now) {
  std::string text(text_in(object, name));
  const auto at = parse_rfc3339(text);
  if (!at) return text;
  const double seconds = std::chrono::duration<double>(now - *at).count();
  const std::string far = seconds < 0 ? "in " + short_duration(-seconds) : short_duration(seconds) + " ago";
  return far + " (" + text.substr(0, text.find('.')) + "Z)";
}

std::string by_text(const JsonObject& by) {
  const std::string_view kind = text_in(by, "kind");
  const std::string_view name = text_in(by, "name");
  if (kind == "person") return name == "loopback" ? "somebody on its machine" : std::string(name);
  std::string text("the ");
  text.append(kind);
  return name.empty() ? text : text.append(" (").append(name).append(")");
}

std::string joined(const JsonArray& words) {
  std::string text;
  for (const Json& word : words) {
    if (word.is_string()) text.append(text.empty() ? "" : ", ").append(word.get_string());
  }
  return text;
}

// "1%, 5%, [10%], 25%": where the rollout is among its steps.
std::string steps_text(const JsonObject& status) {
  const JsonObject& plan = object_in(status, "plan");
  std::string text(text_in(plan, "name"));
  text += ": ";
  std::size_t number = 0;
  for (const Json& step : array_in(plan, "steps")) {
    if (!step.is_object()) continue;
    const std::string weight(text_in(step.get_object(), "weight"));
    const bool here = static_cast<double>(++number) == number_in(status, "step");
    text.append(number > 1 ? ", " : "").append(here ? '[' + weight + ']' : weight);
  }
  return text;
}

std::string weight_text(const JsonObject& weight) {
  std::string text(text_in(weight, "wanted"));
  text += " wanted, ";
  const Json* const seen = weight.if_contains("seen");
  return text + (seen != nullptr && seen->is_number() ? percent(number_in(weight, "seen")) + " of jobs seen"
                                                      : "no job has ended yet");
}

std::string capacity_text(const JsonObject& capacity, bool already) {
  const double refused = number_in(capacity, "refused_share");
  if (refused <= 0) return "carries the present rate, as far as it is known";
  return (already ? "at the present rate " : "going down now would refuse ") + percent(refused) +
         (already ? " of requests get 429" : " of requests with 429 at the present rate");
}

bool climbs(std::string_view state) noexcept {
  return state == "dark" || state == "shadow" || state == "canary";
}

// Who acts on another epoch than the record's.
std::string unaware_text(const JsonObject& status) {
  std::string text;
  for (const Json& entry : array_in(status, "processes")) {
    if (!entry.is_object() || number_in(entry.get_object(), "epoch") == number_in(status, "epoch")) continue;
    const JsonObject& process = entry.get_object();
    text.append(text.empty() ? "" : ", ").append(text_in(process, "host"));
    text.append(":" + count_in(process, "pid") + " is at epoch " + count_in(process, "epoch"));
  }
  return text;
}

void add_store_warnings(LabelledPage& page, const JsonObject& status) {
  const auto warn = [&page](Style style, const std::string& text) {
    page.line("warning", text, style, style);
  };
  const JsonObject& store = object_in(status, "store");
  if (!is_true_in(store, "readable")) {
    warn(Style::kRed, "Redis has not been readable for " +
                          short_duration(number_in(store, "unreadable_seconds")) + " (" +
                          std::string(text_in(store, "problem")) + "): this is what process " +
                          std::string(text_in(status, "process")) +
                          " knows by itself. Only what leads down acts now, and there alone");
  }
  if (is_true_in(status, "blind"))
    warn(Style::kYellow, "this process sends nothing to the queue, since nobody watches the rollout now");
  if (is_true_in(status, "unmerged")) {
    warn(Style::kYellow,
         "changed in this process alone while Redis was away; when it is back the lower of "
         "both states wins");
  }
  if (is_true_in(store, "readable") && !is_true_in(status, "converged")) {
    const std::string unaware = unaware_text(status);
    warn(Style::kYellow, "not every process acts on epoch " + count_in(status, "epoch") +
                             (unaware.empty() ? "" : ": " + unaware));
  }
}

// A controller that has not looked for three of the plan's ticks is gone, or nobody has its lease.
bool is_overdue(const JsonObject& status, const JsonObject& tick, WallTime now) {
  const auto at = parse_rfc3339(text_in(tick, "at"));
  const auto interval = parse_duration(text_in(object_in(status, "plan"), "tick"));
  return at && interval && now - *at > 3 * *interval;
}

void add_controller_warnings(LabelledPage& page, const JsonObject& status, WallTime now) {
  const JsonObject& tick = object_in(status, "last_tick");
  const auto warn = [&page](const std::string& text) {
    page.line("warning", text, Style::kYellow, Style::kYellow);
  };
  if (const std::string silent = joined(array_in(tick, "silent")); !silent.empty())
    warn("no figures come from " + silent);
  if (!climbs(text_in(status, "state"))) return;
  if (tick.empty()) {
    warn("no controller has looked at it yet");
  } else if (is_overdue(status, tick, now)) {
    warn("the controller last looked " + time_text(tick, "at", now) +
         ", and nothing moves by itself meanwhile");
  }
}

// What is wrong, the worst first.
void add_troubles(LabelledPage& page, const JsonObject& status, WallTime now) {
  const std::size_t before = page.text().size();
  page.line("ALERT", text_in(object_in(status, "last_tick"), "alert"), Style::kRed, Style::kRed);
  add_store_warnings(page, status);
  add_controller_warnings(page, status, now);
  if (page.text().size() > before) page.blank();
}

std::string fleet_text(const JsonObject& status) {
  const std::string count = std::to_string(array_in(status, "processes").size());
  const std::string epoch = "epoch " + count_in(status, "epoch");
  if (!is_true_in(object_in(status, "store"), "readable"))
    return epoch + " here; of API processes " + count + " were there when Redis was last read";
  return epoch + ", " + (is_true_in(status, "converged") ? "all " + count : "not all of " + count) +
         " API processes act on it";
}

std::vector<TextTable::Cell> side_row(const std::string& name, const JsonObject& side, bool with_slow) {
  const double jobs = number_in(side, "jobs");
  const auto share = [jobs, &side](std::string_view what) {
    if (jobs <= 0) return std::string("-");
    return count_in(side, what) + " (" + percent(number_in(side, what) / jobs) + ')';
  };
  const auto time = [jobs, &side](std::string_view what) {
    return jobs > 0 ? short_duration(number_in(side, what) / 1000) : std::string("-");
  };
  return {{name},           {count_in(side, "jobs")}, {share("errors")},
          {time("p50_ms")}, {time("p95_ms")},         {with_slow ? share("slow") : "-"}};
}

Style style_of_outcome(std::string_view outcome) {
  if (outcome == "passed") return Style::kGreen;
  if (outcome == "hard_guard" || outcome == "failed") return Style::kRed;
  return outcome == "going" ? Style::kPlain : Style::kYellow;
}

void add_verdict(LabelledPage& page, const JsonObject& status, const Terminal& terminal, WallTime now) {
  using Align = TextTable::Align;
  const JsonObject& tick = object_in(status, "last_tick");
  const JsonObject& verdict = object_in(tick, "verdict");
  if (verdict.empty()) return;
  page.blank();
  const bool older = number_in(tick, "epoch") != number_in(status, "epoch");
  const std::string_view outcome = text_in(verdict, "outcome");
  // Once everybody uses the queue there is nothing to compare with, and so no reason.
  const std::string_view why = text_in(verdict, "why");
  page.line("verdict", std::string(outcome) + (why.empty() ? "" : ": ") + std::string(why),
            style_of_outcome(outcome));
  page.line("",
            std::string(older ? "of what was before this, " : "") + "looked at " +
                time_text(tick, "at", now) + " by " + std::string(text_in(tick, "process")),
            Style::kDim);
  const JsonObject& canary = object_in(verdict, "canary");
  const JsonObject& control = object_in(verdict, "control");
  if (number_in(canary, "jobs") + number_in(control, "jobs") <= 0) return;
  const bool with_slow = verdict.contains("threshold_ms");
  const std::string slower =
      with_slow ? "SLOWER THAN " + short_duration(number_in(verdict, "threshold_ms") / 1000) : "SLOW";
  page.blank();
  TextTable table({{"  SIDE"},
                   {"JOBS", Align::kRight},
                   {"FAILED", Align::kRight},
                   {"P50", Align::kRight},
                   {"P95", Align::kRight},
                   {slower, Align::kRight}});
  table.add(side_row("  canary (queue)", canary, with_slow));
  table.add(side_row("  control (sync)", control, with_slow));
  page.block(table.text(terminal));
  const JsonObject& thresholds = object_in(object_in(status, "plan"), "thresholds");
  std::string z = "errors z " + formatted("%.2f", number_in(verdict, "z_errors")) + ", slow tail z " +
                  formatted("%.2f", number_in(verdict, "z_latency"));
  if (thresholds.contains("z_failed"))
    z += "; taken back above " + formatted("%.4g", number_in(thresholds, "z_failed")) + ", from " +
         std::to_string(flip::kLargeSample) + " jobs a side on above " +
         formatted("%.4g", number_in(thresholds, "z_failed") + flip::kMoreOfALargeSample);
  if (verdict.contains("rise_errors")) {
    z += "; a rise below +" + formatted("%.1f", number_in(verdict, "rise_errors") * 100) +
         " points cannot be seen yet";
  }
  page.blank();
  page.line("", z, Style::kDim);
}

void add_processes(LabelledPage& page, const JsonObject& status, const Terminal& terminal, WallTime now) {
  using Align = TextTable::Align;
  TextTable table({{"  PROCESS"},
                   {"HOST"},
                   {"PID", Align::kRight},
                   {"VERSION"},
                   {"UP", Align::kRight},
                   {"EPOCH", Align::kRight}});
  for (const Json& entry : array_in(status, "processes")) {
    if (!entry.is_object()) continue;
    const JsonObject& process = entry.get_object();
    const auto started = parse_rfc3339(text_in(process, "started_at"));
    const bool aware = number_in(process, "epoch") == number_in(status, "epoch");
    table.add({{"  " + displayable(text_in(process, "process"))},
               {displayable(text_in(process, "host"))},
               {count_in(process, "pid")},
               {displayable(text_in(process, "version"))},
               {started ? short_duration(std::chrono::duration<double>(now - *started).count()) : "-"},
               {count_in(process, "epoch"), aware ? Style::kPlain : Style::kYellow}});
  }
  if (table.empty()) return;
  page.blank();
  page.block(table.text(terminal));
}

}  // namespace

Style style_of_flip_state(std::string_view state) {
  if (state == "full") return Style::kGreen;
  if (state == "canary" || state == "shadow" || state == "dark") return Style::kCyan;
  if (state == "held" || state == "draining" || state == "forced_queue") return Style::kYellow;
  return state == "aborting" || state == "forced_sync" ? Style::kRed : Style::kBold;
}

std::string flip_status_text(const JsonObject& status, const std::string& asked, const Terminal& terminal,
                             WallTime now) {
  LabelledPage page(terminal);
  const std::string_view state = text_in(status, "state");
  page.headline("shunt flip at " + asked + ": " + std::string(text_in(status, "place")),
                style_of_flip_state(state));
  page.blank();
  add_troubles(page, status, now);
  page.line("since", time_text(status, "since", now));
  page.line("by", by_text(object_in(status, "by")));
  page.line("because", text_in(status, "why"));
  page.line("weight", weight_text(object_in(status, "weight")));
  const std::string_view acting = text_in(status, "acting");
  if (climbs(acting) || acting == "full") page.line("plan", steps_text(status));
  page.line("fleet", fleet_text(status));
  if (status.contains("sync_capacity")) {
    const JsonObject& capacity = object_in(status, "sync_capacity");
    page.line("sync", capacity_text(capacity, false),
              number_in(capacity, "refused_share") > 0 ? Style::kYellow : Style::kPlain);
  }
  page.blank();
  page.line("next", text_in(status, "next"), Style::kBold);
  if (const auto at = parse_rfc3339(text_in(status, "next_at")); at && *at > now)
    page.line("", "not before: " + time_text(status, "next_at", now));
  page.line("go back", text_in(status, "undo"), Style::kBold);
  add_verdict(page, status, terminal, now);
  add_processes(page, status, terminal, now);
  return page.text();
}

std::string flip_change_text(const JsonObject& change, const std::string& undo, const Terminal& terminal) {
  LabelledPage page(terminal);
  const bool stored = is_true_in(change, "stored");
  page.headline(
      (stored ? "The fleet is now: " : "This process is now: ") + std::string(text_in(change, "place")),
      style_of_flip_state(text_in(change, "state")));
  page.blank();
  page.line("weight", text_in(change, "weight"));
  page.line("epoch", count_in(change, "epoch"));
  page.line("because", text_in(change, "why"));
  if (change.contains("sync_capacity")) {
    const JsonObject& capacity = object_in(change, "sync_capacity");
    page.line("sync", capacity_text(capacity, true),
              number_in(capacity, "refused_share") > 0 ? Style::kYellow : Style::kPlain);
  }
  page.line("undo", undo, Style::kBold);
  const std::string unreached = joined(array_in(change, "not_reached"));
  if (!stored) {
    page.line("warning",
              "Redis could not be written to. The process that was asked acts on it and keeps it "
              "(flip.state_file); "
              "when Redis is back the lower of both states wins",
              Style::kYellow, Style::kYellow);
    page.line("", unreached.empty() ? "It knows of no other process" : "It could not reach: " + unreached,
              Style::kYellow);
    if (!unreached.empty()) page.line("", "Ask each of them, with --url", Style::kYellow);
  } else if (!unreached.empty()) {
    page.line("warning", "not known to act on it yet: " + unreached + " (see: shunt flip status)",
              Style::kYellow, Style::kYellow);
  }
  return page.text();
}

}  // namespace shunt::app
