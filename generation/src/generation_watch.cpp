// How a generation is followed.
#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <utility>

#include "generation_parts.hpp"

namespace shunt::generation {
namespace {

// What an event counts beside its text.
constexpr std::size_t kEventBytes = 64;

}  // namespace

Generation::Watch::Watch(std::shared_ptr<Generation> generation, const WatchOptions& options,
                         std::shared_ptr<const void> keeper)
    : generation_(std::move(generation)), keeper_(std::move(keeper)), next_(options.after_sequence) {}

Generation::Watch::~Watch() {
  const std::lock_guard lock(generation_->mutex_);
  leave_list_locked();
}

std::vector<GenerationEvent> Generation::Watch::read(std::size_t max_bytes) {
  std::vector<GenerationEvent> events;
  const std::lock_guard lock(generation_->mutex_);
  std::size_t bytes = 0;
  if (generation_->discarded_at_ > 0) return events;
  const std::size_t there = generation_->entries_.size();
  if (next_ < there) events.reserve(std::min(there - next_, max_bytes / kEventBytes + 1));
  while (available_locked() && (events.empty() || bytes < max_bytes)) {
    const Entry& entry = generation_->entries_[next_];
    bytes += kEventBytes + entry.text_size;
    if (entry.payload) bytes += payload_bytes(*entry.payload);
    events.push_back(generation_->event_at_locked(next_++));
  }
  return events;
}

bool Generation::Watch::ended() const {
  const std::lock_guard lock(generation_->mutex_);
  return generation_->ended_locked() &&
         (generation_->discarded_at_ > 0 || next_ >= generation_->entries_.size());
}

bool Generation::Watch::lost() const {
  const std::lock_guard lock(generation_->mutex_);
  return next_ < generation_->discarded_at_;
}

void Generation::Watch::on_ready(std::function<void()> ready) {
  call_when(Awaited::kNextEvent, std::move(ready));
}

void Generation::Watch::on_end(std::function<void()> over) {
  call_when(Awaited::kEnd, std::move(over));
}

void Generation::Watch::call_when(Awaited awaited, std::function<void()> ready) {
  std::unique_lock lock(generation_->mutex_);
  leave_list_locked();
  awaited_ = awaited;
  if (has_come_locked()) {
    lock.unlock();
    ready();
    return;
  }
  ready_ = std::move(ready);
  next_waiting_ = std::exchange(generation_->waiting_, this);
}

void Generation::Watch::leave_list_locked() {
  if (!ready_) return;
  Watch** place = &generation_->waiting_;
  while (*place != this) place = &(*place)->next_waiting_;
  *place = next_waiting_;
  ready_ = nullptr;
}

std::shared_ptr<const GenerationRecord> Generation::Watch::record_at_end() const {
  return generation_->record_at_end();
}

GenerationRecord Generation::Watch::record() const {
  return generation_->record();
}

bool Generation::Watch::available_locked() const {
  return generation_->discarded_at_ > 0 || next_ < generation_->entries_.size();
}

bool Generation::Watch::has_come_locked() const {
  return awaited_ == Awaited::kEnd ? generation_->ended_locked() : available_locked();
}

std::unique_ptr<EventWatch> Generation::watch(const WatchOptions& options,
                                              std::shared_ptr<const void> keeper) {
  return std::make_unique<Watch>(shared_from_this(), options, std::move(keeper));
}

void Generation::wake(std::unique_lock<std::mutex> lock) {
  if (waiting_ == nullptr) return;
  constexpr std::size_t kUsualWatches = 4;
  boost::container::small_vector<std::function<void()>, kUsualWatches> ready;
  for (Watch** place = &waiting_; *place != nullptr;) {
    Watch& watch = **place;
    if (watch.has_come_locked()) {
      *place = watch.next_waiting_;
      ready.push_back(std::exchange(watch.ready_, nullptr));
    } else {
      place = &watch.next_waiting_;
    }
  }
  lock.unlock();
  for (const auto& call : ready) call();
}

}  // namespace shunt::generation
