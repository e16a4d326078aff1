#include "shunt/generation/generation_record.hpp"

namespace shunt {
namespace {

void append_time(std::string& out, std::string_view key, const std::optional<WallTime>& time) {
  if (!time) return;
  out.append(",\"").append(key).append("\":\"");
  append_rfc3339(out, *time);
  out += '"';
}

void append_artifacts(std::string& out, const GenerationRecord& record) {
  out += "\"artifacts\":[";
  for (const Artifact& artifact : record.artifacts) {
    if (out.back() != '[') out += ',';
    out += "{\"name\":";
    append_json_string(out, artifact.name);
    out += ",\"media_type\":";
    append_json_string(out, artifact.media_type);
    out.append(",\"size\":").append(std::to_string(artifact.size())).append(",\"url\":\"/v1/generations/");
    record.id.append_to(out);
    out.append("/artifacts/").append(artifact.name).append("\"}");
  }
  out += ']';
}

// {"text":...,"result":...,"artifacts":[...]}, each only where there is something.
void append_output(std::string& out, const GenerationRecord& record) {
  if (record.text.empty() && record.result.is_null() && record.artifacts.empty() &&
      record.state != GenerationState::kSucceeded) {
    return;
  }
  out += ",\"output\":{";
  const auto separate = [&out] {
    if (out.back() != '{') out += ',';
  };
  if (!record.text.empty()) {
    out += "\"text\":";
    append_json_string(out, record.text);
  }
  if (!record.result.is_null()) {
    separate();
    out += "\"result\":";
    append_json(out, record.result);
  }
  if (!record.artifacts.empty()) {
    separate();
    append_artifacts(out, record);
  }
  out += '}';
}

void append_progress(std::string& out, const event::Progress& progress) {
  out += ",\"progress\":{\"fraction\":";
  append_json(out, progress.fraction);
  if (!progress.message.empty()) {
    out += ",\"message\":";
    append_json_string(out, progress.message);
  }
  out += '}';
}

}  // namespace

void append_error_json(std::string& out, const Error& error) {
  out += "{\"code\":";
  append_json_string(out, error.code);
  out += ",\"message\":";
  append_json_string(out, error.message);
  out.append(",\"retryable\":").append(error.retryable ? "true" : "false");
  if (!error.details.empty()) {
    out += ",\"details\":";
    append_json(out, error.details);
  }
  out += '}';
}

void append_record_json(std::string& out, const GenerationRecord& record) {
  out += "{\"id\":\"";
  record.id.append_to(out);
  out += "\",\"model\":";
  append_json_string(out, record.model);
  out.append(",\"state\":\"").append(to_string(record.state)).append("\"");
  append_time(out, "created_at", record.created_at);
  append_time(out, "started_at", record.started_at);
  append_time(out, "finished_at", record.finished_at);
  append_time(out, "deadline", record.deadline);
  if (record.progress) append_progress(out, *record.progress);
  append_output(out, record);
  if (record.error) {
    out += ",\"error\":";
    append_error_json(out, *record.error);
  }
  if (record.state == GenerationState::kCancelled) {
    out += ",\"cancel_reason\":";
    append_json_string(out, record.cancel_reason);
  }
  if (record.cancel_requested) out += ",\"cancel_requested\":true";
  if (!record.metadata.empty()) {
    out += ",\"metadata\":";
    append_json(out, record.metadata);
  }
  out += '}';
}

}  // namespace shunt
