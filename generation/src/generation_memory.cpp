// What a generation holds, and what of it is reserved.
#include <utility>

#include "generation_parts.hpp"
#include "shunt/base/json_memory.hpp"
#include "shunt/base/overloaded.hpp"
#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {

namespace {

// What a store adds to a generation: its node, and the allocator's part of the small texts.
constexpr std::size_t kPlaceInStore = 512;
// What runs or waits holds beside this: the run, its envelope's small values, its place in line.
constexpr std::size_t kRunBytes = 3UL * 1024;

}  // namespace

std::size_t payload_bytes(const GenerationEvent::Payload& payload) {
  std::size_t bytes = sizeof payload;
  if (const auto* progress = std::get_if<event::Progress>(&payload)) bytes += progress->message.size();
  if (const auto* line = std::get_if<event::Log>(&payload))
    bytes += line->message.size() + line->level.size();
  if (const auto* delta = std::get_if<event::Delta>(&payload); delta != nullptr && delta->parts)
    bytes += sizeof(MessageParts) + parts_memory(*delta->parts);
  if (const auto* end = std::get_if<event::Failed>(&payload)) {
    bytes += end->error.message.size() + end->error.internal.size() + json_memory(end->error.details);
  }
  return bytes;
}

std::size_t Generation::bytes_locked() const {
  return sizeof *this + sizeof *record_ + kPlaceInStore + 2 * (model_.size() + caller_.size()) +
         envelope_text_.capacity() + voided_text_.capacity() + record_->text.capacity() + artifact_bytes_ +
         extra_bytes_ + parts_bytes_ + entries_.capacity() * sizeof(Entry) + metadata_bytes_;
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
  end_locked(event::Failed{overloaded("open generations")});
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
  const std::size_t bytes = bytes_locked();
  memory_.resize(bytes);
  memory_.move_to(MemoryShare::kStore);
  return bytes;
}

void Generation::discard() {
  std::string voided;
  std::string envelope;
  std::vector<Entry> entries;
  std::shared_ptr<GenerationRecord> record;  // goes here, unless somebody reads it
  const std::lock_guard lock(mutex_);
  if (discarded_at_ > 0 || !ended_locked()) return;
  discarded_at_ = entries_.size();
  // How it ended stays, for those who ask.
  record = std::exchange(record_, std::make_shared<GenerationRecord>(summary_of(*record_)));
  record_->artifacts.clear();
  entries.swap(entries_);
  voided.swap(voided_text_);
  envelope.swap(envelope_text_);
  parts_.reset();  // the record's, which goes with it
  in_events_ = artifact_bytes_ = extra_bytes_ = parts_bytes_ = 0;
  memory_.resize(bytes_locked());
}

bool Generation::discarded() const {
  const std::lock_guard lock(mutex_);
  return discarded_at_ > 0;
}

}  // namespace shunt::generation
