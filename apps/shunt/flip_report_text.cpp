// Preflight, drain and log as people read them.
#include <cmath>
#include <string>

#include "flip_text.hpp"
#include "judged_rows.hpp"
#include "labelled_page.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::app {
namespace {

std::string count_in(const JsonObject& object, std::string_view name) {
  return std::to_string(std::llround(number_in(object, name)));
}

Style style_of_outcome(std::string_view outcome) {
  if (outcome == "pass") return Style::kGreen;
  return outcome == "fail" ? Style::kRed : Style::kYellow;
}

std::string shown(const JsonObject& object, std::string_view name) {
  return displayable(text_in(object, name));
}

// "4 open (3 waiting, 1 active)".
std::string work_text(const JsonObject& drain) {
  double open = 0;
  double counts[] = {0, 0, 0, 0};
  constexpr const char* kNames[] = {"waiting", "active", "delayed", "awaited"};
  for (const Json& model : array_in(drain, "work")) {
    if (!model.is_object()) continue;
    open += number_in(model.get_object(), "total");
    for (std::size_t i = 0; i < 4; ++i) counts[i] += number_in(model.get_object(), kNames[i]);
  }
  std::string parts;
  for (std::size_t i = 0; i < 4; ++i) {
    if (counts[i] <= 0) continue;
    parts.append(parts.empty() ? "" : ", ").append(std::to_string(std::llround(counts[i])));
    parts.append(" ").append(kNames[i]);
  }
  return std::to_string(std::llround(open)) + " open" + (parts.empty() ? "" : " (" + parts + ')');
}

std::string kept_text(const JsonObject& kept) {
  const std::string until(text_in(kept, "until"));
  return count_in(kept, "count") + (until.empty() ? "" : ", the last until " + until);
}

void add_reasons(LabelledPage& page, const JsonObject& drain) {
  bool first = true;
  for (const Json& reason : array_in(drain, "reasons")) {
    if (reason.is_string()) page.line(first ? "because" : "", std::string_view(reason.get_string()));
    first = false;
  }
}

std::string who(const JsonObject& entry) {
  const JsonObject& by = object_in(entry, "by");
  std::string name = shown(by, "name");
  if (text_in(by, "kind") == "person") return name;
  return shown(by, "kind") + (name.empty() ? "" : ' ' + name);
}

// Without its fractions of a second, which nobody asks for at night.
std::string moment(const JsonObject& entry) {
  const std::string at = shown(entry, "at");
  const std::size_t point = at.find('.');
  return point == std::string::npos ? at : at.substr(0, point) + 'Z';
}

std::string reason_of(const JsonObject& entry) {
  std::string text = shown(entry, "why");
  std::string names;
  for (const Json& name : array_in(entry, "overrides")) {
    if (name.is_string()) names.append(names.empty() ? "" : ", ").append(displayable(name.get_string()));
  }
  if (!names.empty()) text.append(text.empty() ? "" : " ").append("(overrode ").append(names).append(")");
  return text;
}

}  // namespace

std::string preflight_text(const JsonObject& preflight, const Terminal& terminal) {
  std::vector<JudgedRow> rows;
  for (const Json& entry : array_in(preflight, "checks")) {
    if (!entry.is_object()) continue;
    const JsonObject& check = entry.get_object();
    const std::string outcome = shown(check, "outcome");
    rows.push_back({outcome, style_of_outcome(outcome), shown(check, "name"), shown(check, "found"),
                    outcome == "pass" ? "" : shown(check, "advice")});
  }
  const std::string outcome = shown(preflight, "outcome");
  std::string end = "The fleet may go up";
  if (outcome == "warn") end = "The fleet may go up; look at the warnings";
  if (outcome == "fail") end = "The fleet may not go up: mend what fails, or name it with --override";
  return judged_rows_text(rows, terminal) + '\n' + terminal.styled(style_of_outcome(outcome), end) + ".\n";
}

std::string drain_line(const JsonObject& drain) {
  return shown(drain, "stage") + ": " + work_text(drain) + ", " +
         count_in(object_in(drain, "results"), "count") + " results and " +
         count_in(object_in(drain, "keys"), "count") + " keys kept";
}

std::string drain_text(const JsonObject& drain, const Terminal& terminal) {
  using Align = TextTable::Align;
  const std::string_view stage = text_in(drain, "stage");
  const Style style = stage == "drained" ? Style::kGreen : Style::kYellow;
  LabelledPage page(terminal);
  page.headline(std::string(stage) + ": " + work_text(drain), style);
  page.blank();
  page.line("state", std::string(text_in(drain, "state")) + (is_true_in(drain, "sends_to_queue")
                                                                 ? ", new work goes to the queue"
                                                                 : ", new work runs in sync"));
  page.line("results", kept_text(object_in(drain, "results")));
  page.line("keys", kept_text(object_in(drain, "keys")));
  const bool may = is_true_in(drain, "may_disconnect");
  page.line("redis", may ? "may be taken away" : "may not be taken away", may ? Style::kGreen : Style::kRed);
  add_reasons(page, drain);
  TextTable table({{"  MODEL"},
                   {"WAITING", Align::kRight},
                   {"ACTIVE", Align::kRight},
                   {"DELAYED", Align::kRight},
                   {"AWAITED", Align::kRight}});
  for (const Json& entry : array_in(drain, "work")) {
    if (!entry.is_object()) continue;
    const JsonObject& model = entry.get_object();
    table.add({{"  " + shown(model, "model")},
               {count_in(model, "waiting")},
               {count_in(model, "active")},
               {count_in(model, "delayed")},
               {count_in(model, "awaited")}});
  }
  if (!table.empty()) {
    page.blank();
    page.block(table.text(terminal));
  }
  return page.text();
}

std::string may_disconnect_text(const JsonObject& drain, const Terminal& terminal) {
  LabelledPage page(terminal);
  const bool may = is_true_in(drain, "may_disconnect");
  page.headline(may ? "Yes: Redis may be taken away." : "No: Redis may not be taken away.",
                may ? Style::kGreen : Style::kRed);
  add_reasons(page, drain);
  return page.text();
}

std::string shadow_text(const JsonObject& report, const Terminal& terminal) {
  LabelledPage page(terminal);
  const double made = number_in(report, "made");
  const double mismatches = number_in(report, "mismatches");
  const Style style = mismatches > 0 ? Style::kRed : made > 0 ? Style::kGreen : Style::kYellow;
  page.headline(made > 0 ? count_in(report, "mismatches") + " of " + count_in(report, "made") +
                               " copies differ from what the caller got"
                         : "Nothing has been compared in epoch " + count_in(report, "epoch"),
                style);
  page.blank();
  if (made <= 0)
    page.line(
        "", "copies are made and counted in the stage shadow; shunt flip log tells how an earlier one ended");
  page.line("epoch", count_in(report, "epoch") + ", of " + count_in(report, "processes") +
                         " API processes; the mismatches below are of the one that was asked");
  page.line("sampled", count_in(report, "sampled"));
  const JsonObject& noise = object_in(report, "noise");
  page.line("noise", count_in(noise, "mismatches") + " of " + count_in(noise, "compared") +
                         " differ between two runs in sync: that much is the generator's");
  for (const std::string_view counts : {"compared", "dropped"}) {
    std::string text;
    for (const auto& member : object_in(report, counts)) {
      if (!member.value().is_number()) continue;
      const std::string name(member.key());
      text.append(text.empty() ? "" : ", ")
          .append(count_in(object_in(report, counts), name))
          .append(" ")
          .append(name);
    }
    page.line(counts, text);
  }
  TextTable table({{"  AT"}, {"MODEL"}, {"CLASS"}, {"WHERE"}, {"CALLER GOT"}, {"COPY"}, {"GENERATION"}});
  const auto end = [](const JsonObject& side) {
    const std::string error = shown(side, "error");
    return error.empty() ? shown(side, "state") + ' ' + count_in(side, "bytes") + " B" : error;
  };
  for (const Json& entry : array_in(report, "latest")) {
    if (!entry.is_object()) continue;
    const JsonObject& mismatch = entry.get_object();
    table.add({{"  " + moment(mismatch)},
               {shown(mismatch, "model")},
               {shown(mismatch, "class")},
               {shown(mismatch, "where")},
               {end(object_in(mismatch, "control"))},
               {end(object_in(mismatch, "candidate"))},
               {shown(mismatch, "generation")}});
  }
  if (!table.empty()) {
    page.blank();
    page.block(table.text(terminal));
  }
  return page.text();
}

TextTable flip_log_table() {
  return TextTable({{"SEQ", TextTable::Align::kRight}, {"AT"}, {"WHO"}, {"WHAT"}, {"NOW"}, {"WHY"}});
}

std::vector<TextTable::Cell> flip_log_row(const JsonObject& entry) {
  const std::string what = shown(entry, "event");
  const bool down = what == "abort" || what == "force sync" || what == "back";
  return {
      {count_in(entry, "seq")}, {moment(entry)},   {who(entry)}, {what, down ? Style::kRed : Style::kPlain},
      {shown(entry, "to")},     {reason_of(entry)}};
}

std::string flip_log_line(const JsonObject& entry, const Terminal& terminal) {
  const auto cells = flip_log_row(entry);
  std::string line;
  for (const TextTable::Cell& cell : cells) {
    if (!cell.text.empty())
      line.append(line.empty() ? "" : "  ").append(terminal.styled(cell.style, cell.text));
  }
  return line + '\n';
}

std::string chain_text(const JsonObject& report, const Terminal& terminal) {
  LabelledPage page(terminal);
  const bool intact = is_true_in(report, "intact");
  page.headline(intact ? "The log is whole and unchanged." : "THE LOG IS NOT AS IT WAS WRITTEN.",
                intact ? Style::kGreen : Style::kRed);
  page.line("problem", text_in(report, "problem"), Style::kRed);
  page.line("entries", count_in(report, "entries") + ", from " + count_in(report, "first") + " to " +
                           count_in(report, "last"));
  page.line("hash", text_in(report, "hash"));
  return page.text();
}

}  // namespace shunt::app
