#include <algorithm>
#include <utility>

#include "generation_parts.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {

Generation::Generation(const Envelope& envelope, const Clock& clock, const OutputLimits& limits,
                       MemoryBudget& memory)
    : id_(envelope.id),
      model_(envelope.request.model),
      caller_(envelope.request.caller),
      clock_(clock),
      limits_(limits),
      record_(std::make_shared<GenerationRecord>()),
      metadata_bytes_(json_memory(envelope.request.options.metadata)),
      budget_(memory),
      memory_(memory, MemoryShare::kOpen) {
  record_->id = id_;
  record_->model = model_;
  record_->caller = caller_;
  record_->admission = envelope.admission;
  record_->created_at = envelope.created_at;
  record_->deadline = envelope.deadline;
  record_->metadata = envelope.request.options.metadata;
  constexpr std::size_t kUsualEvents = 16;
  entries_.reserve(kUsualEvents);
  // Wherever the generation is made again from its envelope, it was queued when it was created.
  entries_.push_back({envelope.created_at, 0, 0, nullptr});
}

Generation::~Generation() = default;

void Generation::keep_envelope(std::string text) {
  const std::lock_guard lock(mutex_);
  envelope_text_ = std::move(text);
}

std::string Generation::envelope_text() const {
  const std::lock_guard lock(mutex_);
  return envelope_text_;
}

void Generation::mark_cancel_requested() {
  const std::lock_guard lock(mutex_);
  if (!ended_locked()) record_->cancel_requested = true;
}

GenerationState Generation::state() const {
  const std::lock_guard lock(mutex_);
  return record_->state;
}

std::uint64_t Generation::last_sequence() const {
  const std::lock_guard lock(mutex_);
  return std::max<std::uint64_t>(entries_.size(), discarded_at_);
}

std::string Generation::error_code() const {
  const std::lock_guard lock(mutex_);
  return record_->error ? record_->error->code.to_string() : std::string();
}

GenerationEvent Generation::event_at_locked(std::size_t index) const {
  const Entry& entry = entries_[index];
  const auto* const delta = entry.payload ? std::get_if<event::Delta>(entry.payload.get()) : nullptr;
  if (entry.text_size > 0) {
    const std::size_t voided = voided_text_.size();
    const bool is_voided = entry.text_begin < voided;
    const std::string& text = is_voided ? voided_text_ : record_->text;
    return {index + 1, entry.at,
            event::Delta{text.substr(entry.text_begin - (is_voided ? 0 : voided), entry.text_size),
                         delta != nullptr ? delta->parts : nullptr}};
  }
  if (entry.payload) return {index + 1, entry.at, *entry.payload};
  if (index == 0) return {1, entry.at, event::Queued{}};
  if (index + 1 < entries_.size() || !ended_locked()) return {index + 1, entry.at, event::Started{}};
  switch (record_->state) {
    case GenerationState::kSucceeded:
      return {index + 1, entry.at, event::Succeeded{record_->result}};
    case GenerationState::kFailed:
      return {index + 1, entry.at, event::Failed{*record_->error}};
    default:
      return {index + 1, entry.at, event::Cancelled{record_->cancel_reason}};
  }
}

GenerationRecord Generation::record(Detail detail) const {
  const std::lock_guard lock(mutex_);
  GenerationRecord record = summary_of(*record_);
  record.last_sequence = std::max<std::uint64_t>(entries_.size(), discarded_at_);
  if (detail == Detail::kSummary) return record;
  record.text = record_->text;
  // While the generation goes on its parts grow.
  if (parts_ && !ended_locked()) record.parts = std::make_shared<const MessageParts>(*parts_);
  if (ended_locked()) record.parts = record_->parts;
  record.result = record_->result;
  return record;
}

std::shared_ptr<const GenerationRecord> Generation::record_at_end() const {
  const std::lock_guard lock(mutex_);
  if (!ended_locked() || discarded_at_ > 0) return nullptr;
  return record_;
}

}  // namespace shunt::generation
