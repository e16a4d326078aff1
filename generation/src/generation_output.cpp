// What a generator says, within its limits.
#include <algorithm>
#include <cmath>
#include <utility>

#include "generation_parts.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {

namespace {

// A longer piece of text becomes several events, so that no event is too large to travel.
constexpr std::size_t kLongestDelta = 64UL * 1024;
// What is reserved for an event beside its texts.
constexpr std::size_t kEventBytes = 256;
// Spare room of a text that is worth copying it for.
constexpr std::size_t kWorthShrinking = 8UL * 1024;

// How much of a text goes into the next delta. The cut is not within a character, which has four bytes at
// most.
std::size_t size_of_delta(std::string_view text) {
  std::size_t size = std::min(text.size(), kLongestDelta);
  const auto within = [&] { return (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U; };
  while (size < text.size() && size + 4 > kLongestDelta && within()) --size;
  return size;
}

}  // namespace

void Generation::append_locked(GenerationEvent::Payload payload) {
  extra_bytes_ += payload_bytes(payload);
  entries_.push_back(
      {clock_.now(), 0, 0, std::make_unique<const GenerationEvent::Payload>(std::move(payload))});
}

void Generation::flush_deltas_locked() {
  const std::size_t voided = voided_text_.size();
  const std::string_view text = record_->text;
  if (in_events_ == voided + text.size() && !waiting_parts_) return;
  std::vector<MessageParts> pieces;
  if (waiting_parts_) pieces = split_parts(std::move(*std::exchange(waiting_parts_, nullptr)), kLongestDelta);
  const WallTime now = clock_.now();
  // What was said at the same time goes together, for as long as there is some of both.
  std::size_t next = 0;
  while (in_events_ < voided + text.size() || next < pieces.size()) {
    const std::size_t size = size_of_delta(text.substr(in_events_ - voided));
    entries_.push_back({now, in_events_, size, nullptr});
    in_events_ += size;
    if (next == pieces.size()) continue;
    GenerationEvent::Payload delta =
        event::Delta{{}, std::make_shared<const MessageParts>(std::move(pieces[next++]))};
    extra_bytes_ += payload_bytes(delta);
    entries_.back().payload = std::make_unique<const GenerationEvent::Payload>(std::move(delta));
  }
}

void Generation::end_locked(GenerationEvent::Payload payload) {
  flush_deltas_locked();
  enter_end_locked(clock_.now(), std::move(payload));
}

// The record has all that the last event tells.
void Generation::enter_end_locked(WallTime at, GenerationEvent::Payload payload) {
  extra_bytes_ += payload_bytes(payload);
  GenerationRecord& record = *record_;
  if (auto* const succeeded = std::get_if<event::Succeeded>(&payload)) {
    record.state = GenerationState::kSucceeded;
    record.result = std::move(succeeded->result);
  } else if (auto* const failed = std::get_if<event::Failed>(&payload)) {
    record.state = GenerationState::kFailed;
    record.error = std::move(failed->error);
  } else {
    record.state = GenerationState::kCancelled;
    record.cancel_reason = std::move(std::get<event::Cancelled>(payload).reason);
  }
  record.cancel_requested = false;
  record.finished_at = at;
  entries_.push_back({at, 0, 0, nullptr});
  record.last_sequence = entries_.size();
  // A text grows by doubling, and this one has grown up.
  if (record.text.capacity() - record.text.size() > kWorthShrinking) record.text.shrink_to_fit();
  if (parts_) parts_bytes_ = sizeof(MessageParts) + parts_memory(*parts_);
}

bool Generation::end(GenerationEvent::Payload payload) {
  std::unique_lock lock(mutex_);
  if (ended_locked()) return false;
  end_locked(std::move(payload));
  wake(std::move(lock));
  return true;
}

bool Generation::invalid_output(std::unique_lock<std::mutex> lock, std::string message) {
  end_locked(event::Failed{{error_code::kInvalidOutput, std::move(message)}});
  wake(std::move(lock));
  return false;
}

bool Generation::over_limit(std::unique_lock<std::mutex> lock, std::string_view what, std::size_t limit,
                            std::size_t received) {
  Error error{error_code::kOutputTooLarge, "the generation's " + std::string(what) +
                                               " would exceed its limit of " + std::to_string(limit) +
                                               " (received " + std::to_string(received) + ")"};
  end_locked(event::Failed{
      std::move(error).with("limit", limit).with("received", received).with("what", std::string(what))});
  wake(std::move(lock));
  return false;
}

void Generation::append_text_locked(std::string_view piece) {
  // A text that outgrows the string itself is one of many pieces.
  constexpr std::size_t kUsualText = 120;
  std::string& text = record_->text;
  if (text.capacity() < text.size() + piece.size() && text.size() + piece.size() < kUsualText)
    text.reserve(kUsualText);
  text += piece;
}

bool Generation::start() {
  std::unique_lock lock(mutex_);
  if (record_->state != GenerationState::kQueued) return false;
  record_->state = GenerationState::kRunning;
  entries_.push_back({clock_.now(), 0, 0, nullptr});  // started
  record_->started_at = entries_.back().at;
  wake(std::move(lock));
  return true;
}

bool Generation::delta(std::string_view text) {
  std::unique_lock lock(mutex_);
  if (ended_locked()) return false;
  if (text.empty()) return true;
  const std::size_t before = text_size_locked();
  if (text.size() > limits_.max_text_bytes - before) {
    return over_limit(std::move(lock), "text bytes", limits_.max_text_bytes, before + text.size());
  }
  if (!reserve_locked(text.size() + sizeof(Entry))) return overload(std::move(lock));
  append_text_locked(text);
  if (entries_.size() >= limits_.max_events && waiting_bytes_locked() < kJoinedDeltaBytes) return true;
  flush_deltas_locked();
  wake(std::move(lock));
  return true;
}

bool Generation::progress(double fraction, std::string_view message) {
  std::unique_lock lock(mutex_);
  if (ended_locked() || std::isnan(fraction)) return false;
  if (entries_.size() >= limits_.max_events) return true;
  if (!reserve_locked(kEventBytes + 2 * message.size())) return overload(std::move(lock));
  record_->progress = event::Progress{std::clamp(fraction, 0.0, 1.0), std::string(message)};
  append_locked(*record_->progress);
  wake(std::move(lock));
  return true;
}

bool Generation::log(std::string_view level, std::string_view message) {
  std::unique_lock lock(mutex_);
  if (ended_locked()) return false;
  if (log_events_ > limits_.max_log_events || entries_.size() >= limits_.max_events) return true;
  if (!reserve_locked(kEventBytes + message.size())) return overload(std::move(lock));
  if (log_events_++ == limits_.max_log_events) {
    append_locked(event::Log{"warn", "further log lines of this generation are dropped (limit " +
                                         std::to_string(limits_.max_log_events) + ")"});
  } else {
    append_locked(event::Log{std::string(level), std::string(message)});
  }
  wake(std::move(lock));
  return true;
}

bool Generation::artifact(Artifact artifact) {
  std::unique_lock lock(mutex_);
  if (ended_locked()) return false;
  std::vector<Artifact>& artifacts = record_->artifacts;
  if (artifacts.size() >= limits_.max_artifacts) {
    return over_limit(std::move(lock), "artifacts", limits_.max_artifacts, artifacts.size() + 1);
  }
  if (artifact.size() > limits_.max_artifact_bytes - artifact_bytes_) {
    return over_limit(std::move(lock), "artifact bytes", limits_.max_artifact_bytes,
                      artifact_bytes_ + artifact.size());
  }
  const bool taken =
      std::ranges::any_of(artifacts, [&](const Artifact& a) { return a.name == artifact.name; });
  if (taken || !is_valid_artifact_name(artifact.name)) {
    return invalid_output(std::move(lock),
                          "the generator produced an artifact with " +
                              std::string(taken ? "a name that is taken: \"" : "an invalid name: \"") +
                              to_valid_utf8(excerpt(artifact.name)) + '"');
  }
  if (!is_valid_media_type(artifact.media_type)) {
    return invalid_output(std::move(lock), "the generator produced the artifact \"" + artifact.name +
                                               "\" with an invalid media type: \"" +
                                               to_valid_utf8(artifact.media_type.substr(0, 255)) + '"');
  }
  if (!reserve_locked(kEventBytes + (artifact.bytes ? artifact.size() : 0))) return overload(std::move(lock));
  artifact_bytes_ += artifact.size();
  artifacts.push_back(artifact);
  append_locked(event::ArtifactReady{std::move(artifact)});
  wake(std::move(lock));
  return true;
}

bool Generation::succeed(Json result) {
  std::size_t bytes = 0;
  const std::size_t memory = json_memory(result);
  if (!result.is_null()) {
    if (auto checked = check_json(result, "/result"); !checked) {
      Error error = std::move(checked).error();
      error.code = error_code::kInvalidOutput;
      error.message = "the generator's result cannot be written as JSON: " + error.message;
      return fail(std::move(error));
    }
    if (!json_text_surely_within(result, limits_.max_result_bytes)) bytes = to_json_text(result).size();
  }
  std::unique_lock lock(mutex_);
  if (ended_locked()) return false;
  if (bytes > limits_.max_result_bytes) {
    return over_limit(std::move(lock), "result bytes", limits_.max_result_bytes, bytes);
  }
  if (!reserve_locked(memory)) return overload(std::move(lock));
  extra_bytes_ += memory;
  end_locked(event::Succeeded{std::move(result)});
  wake(std::move(lock));
  return true;
}

bool Generation::fail(Error error) {
  return end(event::Failed{std::move(error)});
}

bool Generation::cancel(std::string_view reason) {
  return end(event::Cancelled{std::string(reason)});
}

}  // namespace shunt::generation
