// Events of a generation that runs in another process.
#include <utility>

#include "generation_parts.hpp"

namespace shunt::generation {

bool Generation::apply(GenerationEvent event) {
  std::unique_lock lock(mutex_);
  if (is_terminal(state_) || event.sequence != entries_.size() + 1) return false;
  apply_locked(event);
  const auto* const delta = std::get_if<event::Delta>(&event.payload);
  // An empty one would look like the bare mark of `started`; only another program writes it.
  if (delta != nullptr && !delta->text.empty()) {
    entries_.push_back({event.at, text_.size(), delta->text.size(), nullptr});
    text_ += delta->text;
    in_events_ = text_.size();
  } else if (std::holds_alternative<event::Started>(event.payload)) {
    entries_.push_back({event.at, 0, 0, nullptr});
  } else {
    extra_bytes_ += payload_bytes(event.payload);
    entries_.push_back(
        {event.at, 0, 0, std::make_unique<const GenerationEvent::Payload>(std::move(event.payload))});
  }
  // What another process has accepted is taken in any case; fits() tells whether there is room.
  (void)reserve_locked(0);
  wake(std::move(lock));
  return true;
}

// What an event changes beside the list of events.
void Generation::apply_locked(const GenerationEvent& event) {
  const auto& payload = event.payload;
  if (std::holds_alternative<event::Started>(payload)) {
    state_ = GenerationState::kRunning;
    started_at_ = event.at;
  } else if (std::holds_alternative<event::Restarted>(payload)) {
    state_ = GenerationState::kRunning;
    if (!started_at_) started_at_ = event.at;
    text_begin_ = text_.size();
    progress_.reset();
    artifacts_.clear();
    artifact_bytes_ = 0;
  } else if (const auto* progress = std::get_if<event::Progress>(&payload)) {
    progress_ = *progress;
  } else if (const auto* ready = std::get_if<event::ArtifactReady>(&payload)) {
    if (ready->artifact.bytes) artifact_bytes_ += ready->artifact.size();
    artifacts_.push_back(ready->artifact);
  } else if (std::holds_alternative<event::Succeeded>(payload)) {
    state_ = GenerationState::kSucceeded;
  } else if (std::holds_alternative<event::Failed>(payload)) {
    state_ = GenerationState::kFailed;
  } else if (std::holds_alternative<event::Cancelled>(payload)) {
    state_ = GenerationState::kCancelled;
  }
}

}  // namespace shunt::generation
