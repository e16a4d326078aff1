#include "batches/batch_record.hpp"

#include <utility>

#include "shunt/base/json_object_reader.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api::batches {
namespace {

using Presence = JsonObjectReader::Presence;

constexpr int kVersion = 1;

Error broken(std::string why) {
  return {error_code::kFileStoreFailed, "the record of a batch cannot be read: " + std::move(why)};
}

Error wrong_member(const JsonObjectReader::Wrong& wrong) {
  return broken(wrong.member_pointer() + " must be " + std::string(wrong.expected));
}

void write_time(JsonObjectWriter& object, std::string_view name, const std::optional<WallTime>& time) {
  if (time) object.number(name, time->time_since_epoch().count());
}

std::optional<WallTime> read_time(JsonObjectReader& members, std::string_view name, Presence presence) {
  const auto ms = members.integer(name, presence, kLatestMs);
  if (!ms) return std::nullopt;
  return WallTime(std::chrono::milliseconds(*ms));
}

std::uint64_t read_count(JsonObjectReader& members, std::string_view name) {
  return static_cast<std::uint64_t>(members.integer(name).value_or(0));
}

void write_faults(std::string& out, const std::vector<BatchFault>& faults) {
  out += '[';
  for (const BatchFault& fault : faults) {
    if (out.back() != '[') out += ',';
    JsonObjectWriter each(out);
    each.text("code", fault.code);
    each.text("message", fault.message);
    if (!fault.param.empty()) each.text("param", fault.param);
    if (fault.line) each.number("line", *fault.line);
    each.close();
  }
  out += ']';
}

Result<std::vector<BatchFault>> read_faults(const Json& value) {
  const JsonArray* const array = value.if_array();
  if (array == nullptr || array->size() > kMostFaults) return broken("its faults are no list of such");
  std::vector<BatchFault> faults;
  for (const Json& each : *array) {
    if (!each.is_object()) return broken("one of its faults is no object");
    JsonObjectReader members(each.get_object(), "/faults", wrong_member);
    BatchFault fault{.code = members.text("code"),
                     .message = members.text("message"),
                     .param = members.text("param", Presence::kOptional)};
    if (const auto line = members.integer("line", Presence::kOptional))
      fault.line = static_cast<std::uint64_t>(*line);
    if (members.problem()) return *members.problem();
    faults.push_back(std::move(fault));
  }
  return faults;
}

Result<void> check(const Batch& batch) {
  if (!is_batch_id(batch.id)) return broken("its id is none");
  if (!is_sha256_hex(batch.input_sha256)) return broken("its input_sha256 is none");
  for (const std::string* file : {&batch.output_file_id, &batch.error_file_id}) {
    if (!file->empty() && !is_file_id(*file)) return broken("it names a file that can be none");
  }
  if (is_ended(batch.status) != batch.ended_at.has_value()) return broken("its end and its status differ");
  return {};
}

}  // namespace

std::string encode_batch(const Batch& batch) {
  std::string text;
  JsonObjectWriter object(text);
  object.number("v", kVersion);
  object.text("id", batch.id);
  object.text("caller", batch.caller);
  object.text("endpoint", batch.endpoint);
  object.text("input_file_id", batch.input_file_id);
  object.text("input_sha256", batch.input_sha256);
  object.number("input_bytes", batch.input_bytes);
  object.json("metadata", batch.metadata);
  if (batch.output_expires_after_s) object.number("output_expires_after_s", *batch.output_expires_after_s);
  object.text("status", status_name(batch.status));
  write_faults(object.begin("faults"), batch.faults);
  object.text("output_file_id", batch.output_file_id);
  object.text("error_file_id", batch.error_file_id);
  object.number("total", batch.counts.total);
  object.number("completed", batch.counts.completed);
  object.number("failed", batch.counts.failed);
  object.number("input_tokens", batch.usage.input);
  object.number("cached_tokens", batch.usage.cached);
  object.number("output_tokens", batch.usage.output);
  object.number("reasoning_tokens", batch.usage.reasoning);
  write_time(object, "created_at", batch.created_at);
  write_time(object, "expires_at", batch.expires_at);
  write_time(object, "in_progress_at", batch.in_progress_at);
  write_time(object, "finalizing_at", batch.finalizing_at);
  write_time(object, "cancelling_at", batch.cancelling_at);
  write_time(object, "ended_at", batch.ended_at);
  object.close();
  return text;
}

Result<Batch> decode_batch(std::string_view text) {
  const auto parsed = parse_json(text, {.max_depth = 4, .max_members = 64});
  if (!parsed) return broken(parsed.error().message);
  if (!parsed->is_object()) return broken("it is no object");
  JsonObjectReader members(parsed->get_object(), "", wrong_member);
  Batch batch;
  const auto version = members.integer("v");
  batch.id = members.text("id");
  batch.caller = members.text("caller");
  batch.endpoint = members.text("endpoint");
  batch.input_file_id = members.text("input_file_id");
  batch.input_sha256 = members.text("input_sha256");
  batch.input_bytes = read_count(members, "input_bytes");
  batch.metadata = members.object("metadata");
  batch.output_expires_after_s =
      members.integer("output_expires_after_s", Presence::kOptional, kLatestMs / 1000);
  const auto status = parse_status(members.text("status"));
  auto faults = read_faults(members.any("faults"));
  batch.output_file_id = members.text("output_file_id");
  batch.error_file_id = members.text("error_file_id");
  batch.counts = {.total = read_count(members, "total"),
                  .completed = read_count(members, "completed"),
                  .failed = read_count(members, "failed")};
  batch.usage = {.input = read_count(members, "input_tokens"),
                 .cached = read_count(members, "cached_tokens"),
                 .output = read_count(members, "output_tokens"),
                 .reasoning = read_count(members, "reasoning_tokens")};
  batch.created_at = read_time(members, "created_at", Presence::kRequired).value_or(WallTime());
  batch.expires_at = read_time(members, "expires_at", Presence::kRequired).value_or(WallTime());
  batch.in_progress_at = read_time(members, "in_progress_at", Presence::kOptional);
  batch.finalizing_at = read_time(members, "finalizing_at", Presence::kOptional);
  batch.cancelling_at = read_time(members, "cancelling_at", Presence::kOptional);
  batch.ended_at = read_time(members, "ended_at", Presence::kOptional);
  if (members.problem()) return *members.problem();
  if (*version != kVersion) return broken("it is of another version");
  if (!faults) return std::move(faults).error();
  if (!status) return broken("its status is none");
  batch.faults = std::move(*faults);
  batch.status = *status;
  if (auto checked = check(batch); !checked) return std::move(checked).error();
  return batch;
}

}  // namespace shunt::api::batches
