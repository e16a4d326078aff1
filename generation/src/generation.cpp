#include <algorithm>
#include <utility>

#include "generation_parts.hpp"
#include "shunt/base/json_memory.hpp"

namespace shunt::generation {

Generation::Generation(const Envelope& envelope, const Clock& clock, const OutputLimits& limits,
                       MemoryBudget& memory)
    : id_(envelope.id),
      model_(envelope.request.model),
      caller_(envelope.request.caller),
      admission_(envelope.admission),
      created_at_(envelope.created_at),
      deadline_(envelope.deadline),
      metadata_(envelope.request.options.metadata),
      clock_(clock),
      limits_(limits),
      metadata_bytes_(json_memory(metadata_)),
      budget_(memory),
      memory_(memory, MemoryShare::kOpen) {
  entries_.reserve(4);
  // Wherever the generation is made again from its envelope, it was queued when it was created.
  entries_.push_back({created_at_, 0, 0, nullptr});
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
  cancel_requested_ = !is_terminal(state_);
}

GenerationState Generation::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

std::uint64_t Generation::last_sequence() const {
  const std::lock_guard lock(mutex_);
  return std::max<std::uint64_t>(entries_.size(), discarded_at_);
}

std::string Generation::error_code() const {
  const std::lock_guard lock(mutex_);
  if (state_ != GenerationState::kFailed) return {};
  return std::get<event::Failed>(*entries_.back().payload).error.code.to_string();
}

GenerationEvent Generation::event_at_locked(std::size_t index) const {
  const Entry& entry = entries_[index];
  if (entry.text_size > 0) {
    return {index + 1, entry.at, event::Delta{text_.substr(entry.text_begin, entry.text_size)}};
  }
  if (entry.payload) return {index + 1, entry.at, *entry.payload};
  if (index == 0) return {1, entry.at, event::Queued{}};
  return {index + 1, entry.at, event::Started{}};
}

GenerationRecord Generation::record(Detail detail) const {
  GenerationRecord record;
  record.id = id_;
  record.model = model_;
  record.caller = caller_;
  record.admission = admission_;
  record.created_at = created_at_;
  record.deadline = deadline_;
  record.metadata = metadata_;

  const std::lock_guard lock(mutex_);
  record.state = state_;
  if (detail == Detail::kFull) record.text = text_.substr(text_begin_);
  record.artifacts = artifacts_;
  record.cancel_requested = cancel_requested_ && !is_terminal(state_);
  record.last_sequence = std::max<std::uint64_t>(entries_.size(), discarded_at_);
  record.started_at = started_at_;
  record.progress = progress_;
  if (!is_terminal(state_)) return record;
  const Entry& last = entries_.back();
  record.finished_at = last.at;
  const auto* succeeded = std::get_if<event::Succeeded>(last.payload.get());
  if (succeeded != nullptr && detail == Detail::kFull) record.result = succeeded->result;
  if (const auto* end = std::get_if<event::Failed>(last.payload.get())) record.error = end->error;
  if (const auto* end = std::get_if<event::Cancelled>(last.payload.get())) record.cancel_reason = end->reason;
  return record;
}

}  // namespace shunt::generation
