// Events of a generation that runs in another process.
#include <utility>

#include "generation_parts.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {

bool Generation::apply(GenerationEvent event) {
  std::unique_lock lock(mutex_);
  if (ended_locked() || event.sequence != entries_.size() + 1) return false;
  apply_locked(std::move(event));
  // What another process has accepted is taken in any case; fits() tells whether there is room.
  (void)reserve_locked(0);
  wake(std::move(lock));
  return true;
}

void Generation::apply_locked(GenerationEvent event) {
  auto& payload = event.payload;
  if (event.terminal()) return enter_end_locked(event.at, std::move(payload));
  GenerationRecord& record = *record_;
  if (auto* const delta = std::get_if<event::Delta>(&payload)) {
    return enter_delta_locked(event.at, std::move(*delta));
  }
  if (std::holds_alternative<event::Started>(payload)) {
    record.state = GenerationState::kRunning;
    record.started_at = event.at;
    entries_.push_back({event.at, 0, 0, nullptr});
    return;
  }
  if (std::holds_alternative<event::Restarted>(payload)) {
    record.state = GenerationState::kRunning;
    if (!record.started_at) record.started_at = event.at;
    voided_text_ += std::exchange(record.text, {});
    parts_.reset();
    record.parts.reset();
    parts_bytes_ = 0;
    record.progress.reset();
    record.artifacts.clear();
    artifact_bytes_ = 0;
  } else if (const auto* progress = std::get_if<event::Progress>(&payload)) {
    record.progress = *progress;
  } else if (const auto* ready = std::get_if<event::ArtifactReady>(&payload)) {
    if (ready->artifact.bytes) artifact_bytes_ += ready->artifact.size();
    record.artifacts.push_back(ready->artifact);
  }
  extra_bytes_ += payload_bytes(payload);
  entries_.push_back({event.at, 0, 0, std::make_unique<const GenerationEvent::Payload>(std::move(payload))});
}

void Generation::enter_delta_locked(WallTime at, event::Delta delta) {
  Entry entry{at, text_size_locked(), delta.text.size(), nullptr};
  append_text_locked(delta.text);
  in_events_ = text_size_locked();
  // One with neither text nor parts would look like the bare mark of `started`; only another program writes
  // it.
  if (delta.parts || delta.text.empty()) {
    if (delta.parts) append_parts_locked(*delta.parts);
    delta.text.clear();
    GenerationEvent::Payload payload = std::move(delta);
    extra_bytes_ += payload_bytes(payload);
    entry.payload = std::make_unique<const GenerationEvent::Payload>(std::move(payload));
  }
  entries_.push_back(std::move(entry));
}

}  // namespace shunt::generation
