#include "queue/worker/job_outcome.hpp"

#include "shunt/base/json.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::executor {
namespace {

// BullMQ keeps a reason with its job, and boards show it in a line.
constexpr std::size_t kLongestReason = 1'000;

std::string return_value(const GenerationRecord& record, std::size_t max_inline_bytes) {
  constexpr std::size_t kMembers = 64;
  const bool whole_text = record.text.size() <= max_inline_bytes;
  const std::string result = record.result.is_null() ? std::string() : to_json_text(record.result);
  const bool whole_result = result.size() <= max_inline_bytes;
  std::string out;
  out.reserve(kMembers + (whole_text ? record.text.size() : 0) + (whole_result ? result.size() : 0));
  JsonObjectWriter value(out);
  if (whole_text) {
    value.text("text", record.text);
  } else {
    value.number("text_bytes", record.text.size());
  }
  if (record.parts) {
    const std::size_t said = said_bytes(*record.parts);
    if (said <= max_inline_bytes) {
      write_parts(value, *record.parts);
    } else {
      value.number("message_bytes", said);
    }
  }
  if (!result.empty() && whole_result) value.begin("result") += result;
  if (!result.empty() && !whole_result) value.number("result_bytes", result.size());
  value.close();
  return out;
}

JobFails cancelled(std::string_view reason) {
  return {failed_reason("cancelled", reason)};
}

JobFails failed(const Error& error) {
  return {failed_reason(error.code, error.message)};
}

}  // namespace

std::string failed_reason(std::string_view code, std::string_view message) {
  std::string reason(code);
  if (!message.empty()) reason.append(": ").append(message);
  if (reason.size() <= kLongestReason) return reason;
  return to_valid_utf8(std::string_view(reason).substr(0, kLongestReason)) + "...";
}

JobOutcome job_outcome(const GenerationRecord& record, std::size_t max_inline_bytes) {
  if (record.state == GenerationState::kCancelled) return cancelled(record.cancel_reason);
  if (record.state == GenerationState::kSucceeded) return JobReturns{return_value(record, max_inline_bytes)};
  return failed(
      record.error.value_or(Error{"failed", "the generation has ended without an error of its own"}));
}

JobOutcome job_outcome(const GenerationEvent::Payload& ending, const GenerationRecord& record,
                       std::size_t max_inline_bytes) {
  if (const auto* end = std::get_if<event::Cancelled>(&ending)) return cancelled(end->reason);
  if (const auto* end = std::get_if<event::Failed>(&ending)) return failed(end->error);
  return JobReturns{return_value(record, max_inline_bytes)};
}

}  // namespace shunt::executor
