#include "job_text.hpp"

#include <chrono>
#include <cmath>
#include <optional>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::app {
namespace {

std::optional<WallTime> time_in(const JsonObject& record, std::string_view name) {
  return parse_rfc3339(text_in(record, name));
}

std::string between(const std::optional<WallTime>& from, WallTime to) {
  if (!from) return "-";
  return short_duration(std::chrono::duration<double>(to - *from).count());
}

// What is worth knowing at a glance beside the state.
std::string note_of(const JsonObject& record) {
  const JsonObject& error = object_in(record, "error");
  if (!error.empty()) return std::string(text_in(error, "code"));
  if (const std::string reason(text_in(record, "cancel_reason")); !reason.empty()) return reason;
  if (is_true_in(record, "cancel_requested")) return "stopping";
  const JsonObject& progress = object_in(record, "progress");
  if (progress.empty() || text_in(record, "state") != "running") return {};
  std::string note = std::to_string(std::lround(number_in(progress, "fraction") * 100)) + '%';
  if (const std::string message(text_in(progress, "message")); !message.empty()) note += ' ' + message;
  return note;
}

void put(std::string& out, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  std::string padded(name);
  padded.resize(10, ' ');
  out.append(padded).append(text).append("\n");
}

void put_time(std::string& out, std::string_view name, const JsonObject& record, std::string_view member,
              WallTime now) {
  const auto at = time_in(record, member);
  if (!at) return;
  const double seconds = std::chrono::duration<double>(now - *at).count();
  const std::string how_far =
      seconds < 0 ? "in " + short_duration(-seconds) : short_duration(seconds) + " ago";
  put(out, name, displayable(text_in(record, member)) + "  (" + how_far + ')');
}

void put_output(std::string& out, const JsonObject& output) {
  for (const Json& entry : array_in(output, "artifacts")) {
    if (!entry.is_object()) continue;
    const JsonObject& artifact = entry.get_object();
    put(out, "artifact",
        displayable(text_in(artifact, "name")) + "  " + displayable(text_in(artifact, "media_type")) + "  " +
            size_text(static_cast<std::size_t>(number_in(artifact, "size"))) + "  " +
            displayable(text_in(artifact, "url")));
  }
  for (const std::string_view said : {"reasoning", "refusal"})
    put(out, said, displayable(text_in(output, said)));
  for (const Json& call : array_in(output, "tool_calls"))
    put(out, "tool call", displayable_json(to_json_text(call)));
  if (const Json* result = output.if_contains("result"))
    put(out, "result", displayable_json(to_json_text(*result)));
  const std::string text(text_in(output, "text"));
  if (text.empty()) return;
  out.append("\n").append(displayable(text, LineBreaks::kKept));
  if (!text.ends_with('\n')) out += '\n';
}

}  // namespace

Style style_of_state(std::string_view state) {
  if (state == "succeeded") return Style::kGreen;
  if (state == "failed") return Style::kRed;
  if (state == "running") return Style::kCyan;
  return state == "queued" ? Style::kYellow : Style::kDim;
}

TextTable jobs_table() {
  using Align = TextTable::Align;
  return TextTable({{"ID"}, {"STATE"}, {"MODEL"}, {"AGE", Align::kRight}, {"RAN", Align::kRight}, {"NOTE"}});
}

std::vector<TextTable::Cell> job_row(const JsonObject& record, WallTime now) {
  const std::string state(text_in(record, "state"));
  const auto started = time_in(record, "started_at");
  return {{displayable(text_in(record, "id"))},
          {displayable(state), style_of_state(state)},
          {displayable(text_in(record, "model"))},
          {between(time_in(record, "created_at"), now)},
          {between(started, time_in(record, "finished_at").value_or(now))},
          {displayable(note_of(record))}};
}

std::string job_description(const JsonObject& record, const Terminal& terminal, WallTime now) {
  std::string out;
  const std::string state(text_in(record, "state"));
  put(out, "id", displayable(text_in(record, "id")));
  put(out, "model", displayable(text_in(record, "model")));
  put(out, "state", terminal.styled(style_of_state(state), displayable(state)));
  put_time(out, "created", record, "created_at", now);
  put_time(out, "started", record, "started_at", now);
  put_time(out, "finished", record, "finished_at", now);
  const auto started = time_in(record, "started_at");
  if (started) put(out, "ran", between(started, time_in(record, "finished_at").value_or(now)));
  if (!time_in(record, "finished_at")) put_time(out, "deadline", record, "deadline", now);
  const JsonObject& error = object_in(record, "error");
  if (!error.empty()) {
    put(out, "error",
        displayable(
            std::string(text_in(error, "message")).append(" (").append(text_in(error, "code")).append(")")));
  } else {
    put(out, state == "cancelled" ? "reason" : "note", displayable(note_of(record)));
  }
  if (const JsonObject& metadata = object_in(record, "metadata"); !metadata.empty()) {
    put(out, "metadata", displayable_json(to_json_text(metadata)));
  }
  put_output(out, object_in(record, "output"));
  return out;
}

}  // namespace shunt::app
