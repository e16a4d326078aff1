#include "core/job_codec.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "core/bounded_json.hpp"
#include "core/job_options_codec.hpp"

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

JobState job_state_from(std::string_view name) {
  // The name of its list.
  if (name == "wait") return JobState::waiting;
  for (const auto& [state, known] : kStateNames) {
    if (known == name) return state;
  }
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
  const auto number = value.to_int();
  if (number == 0) return std::nullopt;
  return number;
}

}  // namespace

std::vector<std::string> decode_stacktrace(const std::string& text) {
  std::vector<std::string> traces;
  const auto array = parse_bounded_json(text);
  if (!array.is_array()) return traces;
  for (const auto& trace : array) {
    if (trace.is_string()) traces.push_back(trace.get<std::string>());
  }
  return traces;
}

std::string encode_stacktrace(const std::vector<std::string>& traces) {
  return nlohmann::json(traces).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
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
      job.timestamp = value.to_int();
    } else if (name == "delay") {
      job.delay = Milliseconds(value.to_int());
    } else if (name == "priority") {
      job.priority = value.to_int();
    } else if (name == "progress") {
      if (!value.text.empty()) job.progress = std::move(value.text);
    } else if (name == "ats") {
      job.attempts_started = value.to_int();
    } else if (name == "attemptsMade") {
      // Before version 5; where both are, it is this one that the others read.
      has_legacy_attempts = true;
      job.attempts_made = value.to_int();
    } else if (name == "atm") {
      if (!has_legacy_attempts) job.attempts_made = value.to_int();
    } else if (name == "stc") {
      job.stalled_counter = value.to_int();
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
  NextJob next;
  if (!reply.is_array() || reply.elements.size() < 4) return next;
  next.rate_limit_ms = reply.elements[2].to_int();
  next.delay_until = reply.elements[3].number();
  if (reply.elements[0].is_array()) {
    Reply& id = reply.elements[1];
    next.record = decode_job(id.is_integer() ? std::to_string(id.integer) : std::move(id.text),
                             std::move(reply.elements[0].elements), known);
    // Without an id it could never be finished.
    next.has_job = !next.record.id.empty();
  }
  return next;
}

}  // namespace detail
}  // namespace bullmq
