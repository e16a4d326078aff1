#include "shunt/generation/generation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "shunt/base/display_text.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt {
namespace {

// Past OutputLimits::max_events a delta waits until it is this long.
constexpr std::size_t kJoinedDeltaBytes = 1024;
// A longer piece of text becomes several events, so that no event is too large to travel.
constexpr std::size_t kLongestDelta = 64UL * 1024;

// What a store adds to a generation: its node, and the allocator's part of the small texts.
constexpr std::size_t kPlaceInStore = 512;
constexpr std::size_t kEventBytes = 256;
// What runs or waits holds beside this: the run, its envelope's small values, its place in line.
constexpr std::size_t kRunBytes = 3UL * 1024;
// Spare room of a text that is worth copying it for.
constexpr std::size_t kWorthShrinking = 8UL * 1024;

std::size_t payload_bytes(const GenerationEvent::Payload& payload) {
  std::size_t bytes = sizeof payload;
  if (const auto* progress = std::get_if<event::Progress>(&payload)) bytes += progress->message.size();
  if (const auto* line = std::get_if<event::Log>(&payload))
    bytes += line->message.size() + line->level.size();
  if (const auto* end = std::get_if<event::Failed>(&payload)) {
    bytes += end->error.message.size() + json_memory(end->error.details);
  }
  return bytes;
}

}  // namespace

// Kept small, since a generation may have one for each token. A delta's text lies in text_ once, for records
// and events alike. An entry with neither text nor payload is a bare mark: `queued` if it is the first, else
// `started`.
struct Generation::Entry {
  WallTime at;
  std::size_t text_begin = 0;
  std::size_t text_size = 0;
  std::unique_ptr<const GenerationEvent::Payload> payload;
};

class Generation::Watch final : public EventWatch {
 public:
  Watch(std::shared_ptr<Generation> generation, const WatchOptions& options)
      : generation_(std::move(generation)),
        next_(options.after_sequence),
        only_terminal_(options.only_terminal) {}

  ~Watch() override { forget_ready(); }

  std::vector<GenerationEvent> read(std::size_t max_bytes) override {
    std::vector<GenerationEvent> events;
    const std::lock_guard lock(generation_->mutex_);
    if (only_terminal_ && is_terminal(generation_->state_) && generation_->discarded_at_ == 0) {
      next_ = std::max<std::uint64_t>(next_, generation_->entries_.size() - 1);
    }
    std::size_t bytes = 0;
    if (generation_->discarded_at_ > 0) return events;
    while (available_locked() && (events.empty() || bytes < max_bytes)) {
      bytes += 64 + generation_->entries_[next_].text_size;
      events.push_back(generation_->event_at_locked(next_++));
    }
    return events;
  }

  bool ended() const override {
    const std::lock_guard lock(generation_->mutex_);
    return is_terminal(generation_->state_) &&
           (generation_->discarded_at_ > 0 || next_ >= generation_->entries_.size());
  }

  bool lost() const override {
    const std::lock_guard lock(generation_->mutex_);
    return next_ < generation_->discarded_at_;
  }

  void on_ready(std::function<void()> ready) override {
    std::unique_lock lock(generation_->mutex_);
    if (available_locked()) {
      lock.unlock();
      ready();
      return;
    }
    if (!ready_) generation_->waiting_.push_back(this);
    ready_ = std::move(ready);
  }

  [[nodiscard]] bool available_locked() const {
    if (only_terminal_ && !is_terminal(generation_->state_)) return false;
    if (generation_->discarded_at_ > 0) return true;
    return next_ < generation_->entries_.size();
  }

  std::function<void()> take_ready_locked() { return std::exchange(ready_, nullptr); }

 private:
  void forget_ready() {
    const std::lock_guard lock(generation_->mutex_);
    std::erase(generation_->waiting_, this);
  }

  const std::shared_ptr<Generation> generation_;
  std::uint64_t next_;  // index of the next entry: the sequence number of the last one read
  const bool only_terminal_;
  std::function<void()> ready_;  // guarded by the generation's mutex
};

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

void Generation::append_locked(GenerationEvent::Payload payload) {
  extra_bytes_ += payload_bytes(payload);
  entries_.push_back(
      {clock_.now(), 0, 0, std::make_unique<const GenerationEvent::Payload>(std::move(payload))});
}

void Generation::flush_text_locked() {
  if (in_events_ == text_.size()) return;
  const WallTime now = clock_.now();
  while (in_events_ < text_.size()) {
    std::size_t size = std::min(text_.size() - in_events_, kLongestDelta);
    // Not within a character, which has four bytes at most.
    const auto within = [&] {
      return (static_cast<unsigned char>(text_[in_events_ + size]) & 0xC0U) == 0x80U;
    };
    while (in_events_ + size < text_.size() && size + 4 > kLongestDelta && within()) --size;
    entries_.push_back({now, in_events_, size, nullptr});
    in_events_ += size;
  }
}

void Generation::wake(std::unique_lock<std::mutex> lock) {
  if (waiting_.empty()) return;
  std::vector<std::function<void()>> ready;
  std::erase_if(waiting_, [&](Watch* watch) {
    if (!watch->available_locked()) return false;
    ready.push_back(watch->take_ready_locked());
    return true;
  });
  lock.unlock();
  for (const auto& call : ready) call();
}

void Generation::end_locked(GenerationState state, GenerationEvent::Payload payload) {
  flush_text_locked();
  state_ = state;
  append_locked(std::move(payload));
}

bool Generation::end(GenerationState state, GenerationEvent::Payload payload) {
  std::unique_lock lock(mutex_);
  if (is_terminal(state_)) return false;
  end_locked(state, std::move(payload));
  wake(std::move(lock));
  return true;
}

bool Generation::over_limit(std::unique_lock<std::mutex> lock, std::string_view what, std::size_t limit,
                            std::size_t received) {
  Error error{error_code::kOutputTooLarge, "the generation's " + std::string(what) +
                                               " would exceed its limit of " + std::to_string(limit) +
                                               " (received " + std::to_string(received) + ")"};
  end_locked(
      GenerationState::kFailed,
      event::Failed{
          std::move(error).with("limit", limit).with("received", received).with("what", std::string(what))});
  wake(std::move(lock));
  return false;
}

bool Generation::start() {
  std::unique_lock lock(mutex_);
  if (state_ != GenerationState::kQueued) return false;
  state_ = GenerationState::kRunning;
  entries_.push_back({clock_.now(), 0, 0, nullptr});  // started
  started_at_ = entries_.back().at;
  wake(std::move(lock));
  return true;
}

bool Generation::delta(std::string_view text) {
  std::unique_lock lock(mutex_);
  if (is_terminal(state_)) return false;
  if (text.empty()) return true;
  if (text.size() > limits_.max_text_bytes - text_.size()) {
    return over_limit(std::move(lock), "text bytes", limits_.max_text_bytes, text_.size() + text.size());
  }
  if (!reserve_locked(text.size() + sizeof(Entry))) return overload(std::move(lock));
  text_ += text;
  if (entries_.size() >= limits_.max_events && text_.size() - in_events_ < kJoinedDeltaBytes) return true;
  flush_text_locked();
  wake(std::move(lock));
  return true;
}

bool Generation::progress(double fraction, std::string_view message) {
  std::unique_lock lock(mutex_);
  if (is_terminal(state_) || std::isnan(fraction)) return false;
  if (entries_.size() >= limits_.max_events) return true;
  if (!reserve_locked(kEventBytes + 2 * message.size())) return overload(std::move(lock));
  progress_ = event::Progress{std::clamp(fraction, 0.0, 1.0), std::string(message)};
  append_locked(*progress_);
  wake(std::move(lock));
  return true;
}

bool Generation::log(std::string_view level, std::string_view message) {
  std::unique_lock lock(mutex_);
  if (is_terminal(state_)) return false;
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
  if (is_terminal(state_)) return false;
  if (artifacts_.size() >= limits_.max_artifacts) {
    return over_limit(std::move(lock), "artifacts", limits_.max_artifacts, artifacts_.size() + 1);
  }
  if (artifact.size() > limits_.max_artifact_bytes - artifact_bytes_) {
    return over_limit(std::move(lock), "artifact bytes", limits_.max_artifact_bytes,
                      artifact_bytes_ + artifact.size());
  }
  const bool taken =
      std::ranges::any_of(artifacts_, [&](const Artifact& a) { return a.name == artifact.name; });
  if (taken || !is_valid_artifact_name(artifact.name)) {
    end_locked(GenerationState::kFailed,
               event::Failed{{error_code::kInvalidOutput,
                              "the generator produced an artifact with " +
                                  std::string(taken ? "a name that is taken: \"" : "an invalid name: \"") +
                                  to_valid_utf8(excerpt(artifact.name)) + '"'}});
    wake(std::move(lock));
    return false;
  }
  if (!is_valid_media_type(artifact.media_type)) {
    end_locked(GenerationState::kFailed,
               event::Failed{{error_code::kInvalidOutput,
                              "the generator produced the artifact \"" + artifact.name +
                                  "\" with an invalid media type: \"" +
                                  to_valid_utf8(artifact.media_type.substr(0, 255)) + '"'}});
    wake(std::move(lock));
    return false;
  }
  if (!reserve_locked(kEventBytes + (artifact.bytes ? artifact.size() : 0))) return overload(std::move(lock));
  artifact_bytes_ += artifact.size();
  artifacts_.push_back(artifact);
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
    bytes = to_json_text(result).size();
  }
  std::unique_lock lock(mutex_);
  if (is_terminal(state_)) return false;
  if (bytes > limits_.max_result_bytes) {
    return over_limit(std::move(lock), "result bytes", limits_.max_result_bytes, bytes);
  }
  if (!reserve_locked(memory)) return overload(std::move(lock));
  extra_bytes_ += memory;
  end_locked(GenerationState::kSucceeded, event::Succeeded{std::move(result)});
  wake(std::move(lock));
  return true;
}

bool Generation::fail(Error error) {
  return end(GenerationState::kFailed, event::Failed{std::move(error)});
}

bool Generation::cancel(std::string_view reason) {
  return end(GenerationState::kCancelled, event::Cancelled{std::string(reason)});
}

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

std::unique_ptr<EventWatch> Generation::watch(const WatchOptions& options) {
  return std::make_unique<Watch>(shared_from_this(), options);
}

std::size_t Generation::bytes_locked() const {
  return sizeof *this + kPlaceInStore + model_.size() + caller_.size() + envelope_text_.capacity() +
         text_.capacity() + artifact_bytes_ + extra_bytes_ + entries_.capacity() * sizeof(Entry) +
         metadata_bytes_;
}

std::size_t Generation::approximate_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_locked();
}

bool Generation::reserve_locked(std::size_t more) {
  const std::size_t wanted = bytes_locked() + more;
  if (wanted <= memory_.bytes()) return true;
  // By half more, so that most pieces of output need none.
  return memory_.try_resize(wanted + wanted / 2);
}

bool Generation::overload(std::unique_lock<std::mutex> lock) {
  end_locked(GenerationState::kFailed, event::Failed{overloaded("open generations")});
  wake(std::move(lock));
  return false;
}

bool Generation::fits() {
  const std::lock_guard lock(mutex_);
  const std::size_t wanted = bytes_locked() + kRunBytes;
  return wanted <= memory_.bytes() || memory_.try_resize(wanted);
}

std::size_t Generation::keep_as_ended() {
  const std::lock_guard lock(mutex_);
  // A text grows by doubling, and this one has grown up.
  if (text_.capacity() - text_.size() > kWorthShrinking) text_.shrink_to_fit();
  const std::size_t bytes = bytes_locked();
  memory_.resize(bytes);
  memory_.move_to(MemoryShare::kStore);
  return bytes;
}

void Generation::discard() {
  std::string text;
  std::string envelope;
  std::vector<Entry> entries;
  std::vector<Artifact> artifacts;
  const std::lock_guard lock(mutex_);
  if (discarded_at_ > 0 || !is_terminal(state_)) return;
  discarded_at_ = entries_.size();
  // The end stays, for those who ask how it ended, without the result.
  Entry end = std::move(entries_.back());
  if (state_ == GenerationState::kSucceeded) {
    end.payload = std::make_unique<const GenerationEvent::Payload>(event::Succeeded{});
  }
  entries.swap(entries_);
  entries_.push_back(std::move(end));
  text.swap(text_);
  envelope.swap(envelope_text_);
  artifacts.swap(artifacts_);
  text_begin_ = in_events_ = artifact_bytes_ = extra_bytes_ = 0;
  memory_.resize(bytes_locked());
}

bool Generation::discarded() const {
  const std::lock_guard lock(mutex_);
  return discarded_at_ > 0;
}

}  // namespace shunt
