#include "shunt/generation/generation_record.hpp"

#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

void append_artifacts(std::string& out, const GenerationRecord& record) {
  out += '[';
  for (const Artifact& artifact : record.artifacts) {
    if (out.back() != '[') out += ',';
    JsonObjectWriter object(out);
    object.text("name", artifact.name);
    object.text("media_type", artifact.media_type);
    object.number("size", artifact.size());
    object.begin("url") += "\"/v1/generations/";
    record.id.append_to(out);
    out.append("/artifacts/").append(artifact.name).append("\"");
    object.close();
  }
  out += ']';
}

// {"text":...,"reasoning":...,"result":...,"artifacts":[...]}, each only where there is something.
void write_output(JsonObjectWriter& object, const GenerationRecord& record) {
  if (record.text.empty() && !record.parts && record.result.is_null() && record.artifacts.empty() &&
      record.state != GenerationState::kSucceeded) {
    return;
  }
  JsonObjectWriter output = object.object("output");
  if (!record.text.empty()) output.text("text", record.text);
  if (record.parts) write_parts(output, *record.parts);
  if (!record.result.is_null()) output.json("result", record.result);
  if (!record.artifacts.empty()) append_artifacts(output.begin("artifacts"), record);
  output.close();
}

// What a flip has decided; without one there was nothing to decide. The salt is nobody's business.
void write_admission(JsonObjectWriter& object, const Admission& admission) {
  JsonObjectWriter inner(object.begin("admission"));
  inner.text("executor", admission.executor);
  inner.text("reason", admission.reason);
  inner.number("epoch", admission.epoch);
  if (admission.bucket) inner.number("bucket", *admission.bucket);
  inner.close();
}

void write_progress(JsonObjectWriter& object, const event::Progress& progress) {
  JsonObjectWriter member = object.object("progress");
  member.json("fraction", progress.fraction);
  if (!progress.message.empty()) member.text("message", progress.message);
  member.close();
}

}  // namespace

GenerationRecord summary_of(const GenerationRecord& record) {
  GenerationRecord summary;
  summary.id = record.id;
  summary.model = record.model;
  summary.caller = record.caller;
  summary.state = record.state;
  summary.admission = record.admission;
  summary.created_at = record.created_at;
  summary.started_at = record.started_at;
  summary.finished_at = record.finished_at;
  summary.deadline = record.deadline;
  summary.progress = record.progress;
  summary.artifacts = record.artifacts;
  summary.error = record.error;
  summary.cancel_reason = record.cancel_reason;
  summary.cancel_requested = record.cancel_requested;
  summary.metadata = record.metadata;
  summary.last_sequence = record.last_sequence;
  return summary;
}

void append_error_json(std::string& out, const Error& error) {
  JsonObjectWriter object(out);
  object.text("code", error.code);
  object.text("message", error.message);
  object.boolean("retryable", error.is_retryable());
  if (!error.details.empty()) object.json("details", error.details);
  object.close();
}

void append_record_json(std::string& out, const GenerationRecord& record) {
  JsonObjectWriter object(out);
  std::string& id = object.begin("id");
  id += '"';
  record.id.append_to(id);
  id += '"';
  object.text("model", record.model);
  object.text("state", to_string(record.state));
  object.time("created_at", record.created_at);
  if (record.started_at) object.time("started_at", *record.started_at);
  if (record.finished_at) object.time("finished_at", *record.finished_at);
  if (record.deadline) object.time("deadline", *record.deadline);
  if (record.progress) write_progress(object, *record.progress);
  write_output(object, record);
  if (record.error) append_error_json(object.begin("error"), *record.error);
  if (record.state == GenerationState::kCancelled) object.text("cancel_reason", record.cancel_reason);
  if (record.cancel_requested) object.boolean("cancel_requested", true);
  if (record.admission.epoch > 0) write_admission(object, record.admission);
  if (!record.metadata.empty()) object.json("metadata", record.metadata);
  object.close();
}

}  // namespace shunt::generation
