#include "batches/batch.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace shunt::api::batches {
namespace {

constexpr std::array<std::string_view, 8> kNames{"validating", "failed",  "in_progress", "finalizing",
                                                 "completed",  "expired", "cancelling",  "cancelled"};
constexpr std::string_view kIdPrefix = "batch_";
constexpr std::size_t kIdDigits = 32;

bool end(Batch& batch, BatchStatus status, WallTime now) {
  batch.status = status;
  batch.ended_at = now;
  return true;
}

bool files_made(Batch& batch, WallTime now) {
  if (batch.status == BatchStatus::kFinalizing) return end(batch, BatchStatus::kCompleted, now);
  if (batch.status == BatchStatus::kCancelling) return end(batch, BatchStatus::kCancelled, now);
  return false;
}

}  // namespace

std::string_view status_name(BatchStatus status) noexcept {
  return kNames.at(static_cast<std::size_t>(status));
}

std::optional<BatchStatus> parse_status(std::string_view name) noexcept {
  const auto* const found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<BatchStatus>(found - kNames.begin());
}

bool is_ended(BatchStatus status) noexcept {
  return status == BatchStatus::kFailed || status == BatchStatus::kCompleted ||
         status == BatchStatus::kExpired || status == BatchStatus::kCancelled;
}

void BatchUsage::add(const BatchUsage& other) noexcept {
  input += other.input;
  cached += other.cached;
  output += other.output;
  reasoning += other.reasoning;
}

bool is_batch_id(std::string_view text) noexcept {
  return text.size() == kIdPrefix.size() + kIdDigits && text.starts_with(kIdPrefix) &&
         text.find_first_not_of("0123456789abcdef", kIdPrefix.size()) == std::string_view::npos;
}

bool apply(Batch& batch, BatchEvent event, WallTime now) {
  const BatchStatus status = batch.status;
  const bool goes_on = status == BatchStatus::kValidating || status == BatchStatus::kInProgress;
  switch (event) {
    case BatchEvent::kValidated:
      if (status != BatchStatus::kValidating) return false;
      batch.status = BatchStatus::kInProgress;
      batch.in_progress_at = now;
      return true;
    case BatchEvent::kRefused:
      return status == BatchStatus::kValidating && end(batch, BatchStatus::kFailed, now);
    case BatchEvent::kAllLinesEnded:
      if (status != BatchStatus::kInProgress) return false;
      batch.status = BatchStatus::kFinalizing;
      batch.finalizing_at = now;
      return true;
    case BatchEvent::kCancelAsked:
      if (!goes_on) return false;
      batch.status = BatchStatus::kCancelling;
      batch.cancelling_at = now;
      return true;
    case BatchEvent::kFilesMade:
      return files_made(batch, now);
    case BatchEvent::kFilesMadeLate:
      return goes_on && end(batch, BatchStatus::kExpired, now);
  }
  return false;
}

void note_input_gone(Batch& batch, const std::string& message) {
  constexpr std::string_view kCode = "file_gone";
  if (std::ranges::find(batch.faults, kCode, &BatchFault::code) != batch.faults.end()) return;
  batch.faults.push_back({.code = std::string(kCode), .message = message, .param = "input_file_id"});
}

NextStep next_step(const Batch& batch, WallTime now) noexcept {
  switch (batch.status) {
    case BatchStatus::kValidating:
      return now < batch.expires_at ? NextStep::kValidate : NextStep::kStopExpired;
    case BatchStatus::kInProgress:
      return now < batch.expires_at ? NextStep::kRunLines : NextStep::kStopExpired;
    case BatchStatus::kCancelling:
      return NextStep::kStopCancelled;
    case BatchStatus::kFinalizing:
      return NextStep::kMakeFiles;
    default:
      return NextStep::kNothing;
  }
}

}  // namespace shunt::api::batches
