#include "batches/batch_object.hpp"

#include <algorithm>

#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::batches {
namespace {

void write_text_or_null(JsonObjectWriter& object, std::string_view name, std::string_view text) {
  text.empty() ? static_cast<void>(object.begin(name) += "null") : object.text(name, text);
}

void write_time(JsonObjectWriter& object, std::string_view name, const std::optional<WallTime>& time) {
  object.begin(name) +=
      time ? std::to_string(std::chrono::floor<std::chrono::seconds>(*time).time_since_epoch().count())
           : "null";
}

void write_errors(JsonObjectWriter& object, const std::vector<BatchFault>& faults) {
  std::string& out = object.begin("errors");
  if (faults.empty()) {
    out += "null";
    return;
  }
  out += R"({"object":"list","data":[)";
  for (const BatchFault& fault : faults) {
    if (out.back() != '[') out += ',';
    JsonObjectWriter each(out);
    each.text("code", fault.code);
    each.text("message", fault.message);
    write_text_or_null(each, "param", fault.param);
    each.begin("line") += fault.line ? std::to_string(*fault.line) : "null";
    each.close();
  }
  out += "]}";
}

void write_usage(JsonObjectWriter& object, const BatchUsage& usage) {
  JsonObjectWriter counts = object.object("usage");
  counts.number("input_tokens", usage.input);
  JsonObjectWriter of_input = counts.object("input_tokens_details");
  of_input.number("cached_tokens", usage.cached);
  of_input.close();
  counts.number("output_tokens", usage.output);
  JsonObjectWriter of_output = counts.object("output_tokens_details");
  of_output.number("reasoning_tokens", usage.reasoning);
  of_output.close();
  counts.number("total_tokens", usage.input + usage.output);
  counts.close();
}

// The time of its end if that is how it has ended.
std::optional<WallTime> ended_as(const Batch& batch, BatchStatus status) {
  return batch.status == status ? batch.ended_at : std::nullopt;
}

BatchStatus shown_status(const Batch& batch, bool cancel_asked) {
  const bool goes_on = batch.status == BatchStatus::kValidating || batch.status == BatchStatus::kInProgress;
  return goes_on && cancel_asked ? BatchStatus::kCancelling : batch.status;
}

}  // namespace

void append_batch_object(std::string& out, const Batch& batch, bool cancel_asked) {
  JsonObjectWriter object(out);
  object.text("id", batch.id);
  object.text("object", "batch");
  object.text("endpoint", batch.endpoint);
  write_errors(object, batch.faults);
  object.text("input_file_id", batch.input_file_id);
  object.text("completion_window", "24h");
  object.text("status", status_name(shown_status(batch, cancel_asked)));
  write_text_or_null(object, "output_file_id", batch.output_file_id);
  write_text_or_null(object, "error_file_id", batch.error_file_id);
  write_time(object, "created_at", batch.created_at);
  write_time(object, "in_progress_at", batch.in_progress_at);
  write_time(object, "expires_at", batch.expires_at);
  write_time(object, "finalizing_at", batch.finalizing_at);
  write_time(object, "completed_at", ended_as(batch, BatchStatus::kCompleted));
  write_time(object, "failed_at", ended_as(batch, BatchStatus::kFailed));
  write_time(object, "expired_at", ended_as(batch, BatchStatus::kExpired));
  write_time(object, "cancelling_at", batch.cancelling_at);
  write_time(object, "cancelled_at", ended_as(batch, BatchStatus::kCancelled));
  JsonObjectWriter counts = object.object("request_counts");
  counts.number("total", batch.counts.total);
  counts.number("completed", batch.counts.completed);
  counts.number("failed", batch.counts.failed);
  counts.close();
  write_usage(object, batch.usage);
  object.json("metadata", batch.metadata);
  object.close();
}

void append_batch_page(std::string& out, std::span<const ShownBatch> batches, std::size_t limit) {
  const auto page = batches.first(std::min(limit, batches.size()));
  out += R"({"object":"list","data":[)";
  for (const ShownBatch& each : page) {
    if (out.back() != '[') out += ',';
    append_batch_object(out, each.batch, each.cancel_asked);
  }
  out += R"(],"first_id":)";
  out += page.empty() ? "null" : '"' + page.front().batch.id + '"';
  out += R"(,"last_id":)";
  out += page.empty() ? "null" : '"' + page.back().batch.id + '"';
  out += R"(,"has_more":)";
  out += page.size() < batches.size() ? "true}" : "false}";
}

}  // namespace shunt::api::batches
