#include "core/job_codec.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "bullmq/error.hpp"
#include "core/job_options_codec.hpp"
#include "core/json_value.hpp"
#include "redis/expected_reply.hpp"

namespace bullmq {
namespace {

struct StateName {
  JobState state;
  std::string_view name;
};
constexpr std::array kStateNames{
    StateName{JobState::unknown, "unknown"},
    StateName{JobState::waiting, "waiting"},
    StateName{JobState::active, "active"},
    StateName{JobState::delayed, "delayed"},
    StateName{JobState::prioritized, "prioritized"},
    StateName{JobState::waiting_children, "waiting-children"},
    StateName{JobState::completed, "completed"},
    StateName{JobState::failed, "failed"},
    StateName{JobState::paused, "paused"},
};

}  // namespace

std::string_view name_of(JobState state) noexcept {
  for (const auto& [known, name] : kStateNames) {
    if (known == state) return name;
  }
  return "unknown";
}

std::optional<JobState> detail::known_job_state(std::string_view name) noexcept {
  // The name of its list.
  if (name == "wait") return JobState::waiting;
  for (const auto& [state, known] : kStateNames) {
    if (known == name) return state;
  }
  return std::nullopt;
}

JobState job_state_from(std::string_view name) {
  if (const auto known = detail::known_job_state(name)) return *known;
  throw ValidationError("unknown job state: " + std::string(name).substr(0, 80));
}

namespace detail {
namespace {

// An empty field is as good as none, to every client.
std::optional<std::string> text_of(Reply& value) {
  if (value.text.empty()) return std::nullopt;
  return std::move(value.text);
}

std::optional<Timestamp> timestamp_of(const Reply& value) {
  const auto number = bounded_number(value);
  if (number == 0) return std::nullopt;
  return number;
}

}  // namespace

std::vector<std::string> decode_stacktrace(const std::string& text) {
  std::vector<std::string> traces;
  const auto parsed = parse_json(text);
  if (!parsed || !parsed->is_array()) return traces;
  for (const JsonValue& trace : parsed->get_array()) {
    if (const auto* const line = trace.if_string()) traces.emplace_back(line->data(), line->size());
  }
  return traces;
}

std::string encode_stacktrace(const std::vector<std::string>& traces) {
  std::string json = "[";
  for (const std::string& trace : traces) {
    if (json.size() > 1) json += ',';
    append_json_string(json, trace);
  }
  return json += ']';
}

JobRecord decode_job(std::string id, std::vector<Reply> fields, StoredJobOptions* known) {
  JobRecord job;
  job.id = std::move(id);
  bool has_legacy_attempts = false;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string_view name = fields[i].text;
    Reply& value = fields[i + 1];
    if (name == "name") {
      job.name = std::move(value.text);
    } else if (name == "data") {
      if (!value.text.empty()) job.data = std::move(value.text);
    } else if (name == "opts") {
      job.options = known != nullptr ? known->read(value.text, job.id) : stored_job_options(value.text);
    } else if (name == "timestamp") {
      job.timestamp = bounded_number(value);
    } else if (name == "delay") {
      job.delay = Milliseconds(bounded_number(value));
    } else if (name == "priority") {
      job.priority = bounded_number(value);
    } else if (name == "progress") {
      if (!value.text.empty()) job.progress = std::move(value.text);
    } else if (name == "ats") {
      job.attempts_started = bounded_number(value);
    } else if (name == "attemptsMade") {
      // Before version 5; where both are, it is this one that the others read.
      has_legacy_attempts = true;
      job.attempts_made = bounded_number(value);
    } else if (name == "atm") {
      if (!has_legacy_attempts) job.attempts_made = bounded_number(value);
    } else if (name == "stc") {
      job.stalled_counter = bounded_number(value);
    } else if (name == "processedOn") {
      job.processed_on = timestamp_of(value);
    } else if (name == "finishedOn") {
      job.finished_on = timestamp_of(value);
    } else if (name == "returnvalue") {
      job.return_value = std::move(value.text);
    } else if (name == "failedReason") {
      job.failed_reason = text_of(value);
    } else if (name == "defa") {
      job.deferred_failure = text_of(value);
    } else if (name == "stacktrace") {
      job.stacktrace = decode_stacktrace(value.text);
    } else if (name == "pb") {
      job.processed_by = text_of(value);
    } else if (name == "rjk") {
      job.repeat_job_key = text_of(value);
    } else if (name == "deid") {
      job.deduplication_id = text_of(value);
    } else if (name == "parentKey") {
      job.parent_key = text_of(value);
    } else if (name == "parent") {
      job.parent = text_of(value);
    }
  }
  return job;
}

NextJob decode_next_job(Reply reply, StoredJobOptions* known) {
  constexpr std::string_view kWhat = "the next job";
  NextJob next;
  if (reply.is_integer() && reply.integer == 0) return next;
  std::vector<Reply> parts = expect_array(std::move(reply), kWhat, 4, 4);
  for (std::size_t i = 2; i < 4; ++i) {
    if (!parts[i].is_integer() && !parts[i].is_text()) unexpected_reply(kWhat, "a number of ms", parts[i]);
  }
  next.rate_limit_ms = std::max<std::int64_t>(0, bounded_number(parts[2]));
  next.delay_until = std::max(0.0, parts[3].number());
  if (!parts[0].is_array()) {
    if (!parts[0].is_integer() && !parts[0].is_text()) unexpected_reply(kWhat, "a hash or 0", parts[0]);
    return next;
  }
  next.record =
      decode_job(expect_id(std::move(parts[1]), kWhat), expect_fields(std::move(parts[0]), kWhat), known);
  next.has_job = true;
  return next;
}

}  // namespace detail
}  // namespace bullmq
