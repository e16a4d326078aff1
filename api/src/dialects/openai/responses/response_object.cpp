#include "dialects/openai/responses/response_object.hpp"

#include "dialects/openai/generated.hpp"
#include "dialects/openai/responses/output_items.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::dialects::openai {
namespace {

std::int64_t seconds(WallTime at) {
  return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

void write_null(JsonObjectWriter& object, JsonObjectWriter::Name name) {
  object.begin(name) += "null";
}

std::int64_t count_in(const JsonObject* object, std::string_view name) {
  const Json* const value = object == nullptr ? nullptr : object->if_contains(name);
  if (value == nullptr) return 0;
  if (value->is_int64()) return value->get_int64();
  return value->is_uint64() ? static_cast<std::int64_t>(value->get_uint64()) : 0;
}

const JsonObject* details_in(const JsonObject& usage, std::string_view name) {
  const Json* const value = usage.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

// A chat's token counts have other names here.
void write_response_usage(JsonObjectWriter& object, const Json* result) {
  const JsonObject* const usage = result == nullptr ? nullptr : object_in(*result, "usage");
  if (usage == nullptr) return write_null(object, "usage");
  const std::int64_t input = count_in(usage, "prompt_tokens");
  const std::int64_t output = count_in(usage, "completion_tokens");
  JsonObjectWriter counts = object.object("usage");
  counts.number("input_tokens", input);
  JsonObjectWriter of_input = counts.object("input_tokens_details");
  of_input.number("cached_tokens", count_in(details_in(*usage, "prompt_tokens_details"), "cached_tokens"));
  of_input.number("cache_write_tokens", 0);
  of_input.close();
  counts.number("output_tokens", output);
  JsonObjectWriter of_output = counts.object("output_tokens_details");
  of_output.number("reasoning_tokens",
                   count_in(details_in(*usage, "completion_tokens_details"), "reasoning_tokens"));
  of_output.close();
  const std::int64_t total = count_in(usage, "total_tokens");
  counts.number("total_tokens", total == 0 ? input + output : total);
  counts.close();
}

std::string_view code_of(const Error& error) {
  if (error.code == error_code::kUpstreamRateLimited) return "rate_limit_exceeded";
  return error.code == error_code::kInvalidInput ? "invalid_prompt" : "server_error";
}

void write_response_error(JsonObjectWriter& object, const Error* error) {
  if (error == nullptr) return write_null(object, "error");
  JsonObjectWriter told = object.object("error");
  told.text("code", code_of(*error));
  told.text("message", error->code.to_string() + ": " + error->message);
  told.close();
}

}  // namespace

void append_response(std::string& out, const GenerationId& id, const ResponseFacts& facts,
                     const ResponseState& state) {
  JsonObjectWriter object(out);
  object.text("id", response_id(id));
  object.text("object", "response");
  object.number("created_at", created_seconds(id));
  object.text("status", state.status);
  object.boolean("background", facts.background);
  state.completed_at ? object.number("completed_at", seconds(*state.completed_at))
                     : write_null(object, "completed_at");
  write_response_error(object, state.error);
  if (state.incomplete_reason.empty()) {
    write_null(object, "incomplete_details");
  } else {
    JsonObjectWriter details = object.object("incomplete_details");
    details.text("reason", state.incomplete_reason);
    details.close();
  }
  object.text("model", facts.model);
  object.begin("output") += state.output;
  object.members(facts.echo);
  object.boolean("store", facts.store);
  object.json("metadata", facts.metadata);
  write_response_usage(object, state.result);
  object.close();
}

std::string_view incomplete_reason(const Json& result) {
  const std::string_view reason = text_in(result, "finish_reason");
  if (reason == "length") return "max_output_tokens";
  return reason == "content_filter" ? "content_filter" : "";
}

std::string_view response_status(const GenerationRecord& record) {
  switch (record.state) {
    case GenerationState::kQueued:
      return "queued";
    case GenerationState::kRunning:
      return "in_progress";
    case GenerationState::kSucceeded:
      return incomplete_reason(record.result).empty() ? "completed" : "incomplete";
    case GenerationState::kFailed:
      return "failed";
    case GenerationState::kCancelled:
      return "cancelled";
  }
  return "failed";
}

void append_response(std::string& out, const ResponseFacts& facts, const GenerationRecord& record) {
  const bool succeeded = record.state == GenerationState::kSucceeded;
  const std::string output = output_items(record);
  append_response(out, record.id, facts,
                  {.status = response_status(record),
                   .incomplete_reason = succeeded ? incomplete_reason(record.result) : "",
                   .completed_at = succeeded ? record.finished_at : std::nullopt,
                   .error = record.error ? &*record.error : nullptr,
                   .result = &record.result,
                   .output = output});
}

}  // namespace shunt::api::dialects::openai
