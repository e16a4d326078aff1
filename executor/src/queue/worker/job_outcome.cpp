#include "queue/worker/job_outcome.hpp"

#include "shunt/base/json.hpp"

namespace shunt::executor {
namespace {

// BullMQ keeps a reason with its job, and boards show it in a line.
constexpr std::size_t kLongestReason = 1'000;

std::string return_value(const GenerationRecord& record, std::size_t max_inline_bytes) {
  JsonObject value;
  if (record.text.size() <= max_inline_bytes) {
    value["text"] = record.text;
  } else {
    value["text_bytes"] = record.text.size();
  }
  if (!record.result.is_null()) {
    const std::size_t bytes = to_json_text(record.result).size();
    if (bytes <= max_inline_bytes) {
      value["result"] = record.result;
    } else {
      value["result_bytes"] = bytes;
    }
  }
  return to_json_text(value);
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
