// How a generation is followed.
#include <algorithm>
#include <utility>

#include "generation_parts.hpp"

namespace shunt::generation {

Generation::Watch::Watch(std::shared_ptr<Generation> generation, const WatchOptions& options)
    : generation_(std::move(generation)),
      next_(options.after_sequence),
      only_terminal_(options.only_terminal) {}

Generation::Watch::~Watch() {
  forget_ready();
}

std::vector<GenerationEvent> Generation::Watch::read(std::size_t max_bytes) {
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

bool Generation::Watch::ended() const {
  const std::lock_guard lock(generation_->mutex_);
  return is_terminal(generation_->state_) &&
         (generation_->discarded_at_ > 0 || next_ >= generation_->entries_.size());
}

bool Generation::Watch::lost() const {
  const std::lock_guard lock(generation_->mutex_);
  return next_ < generation_->discarded_at_;
}

void Generation::Watch::on_ready(std::function<void()> ready) {
  std::unique_lock lock(generation_->mutex_);
  if (available_locked()) {
    lock.unlock();
    ready();
    return;
  }
  if (!ready_) generation_->waiting_.push_back(this);
  ready_ = std::move(ready);
}

bool Generation::Watch::available_locked() const {
  if (only_terminal_ && !is_terminal(generation_->state_)) return false;
  if (generation_->discarded_at_ > 0) return true;
  return next_ < generation_->entries_.size();
}

std::function<void()> Generation::Watch::take_ready_locked() {
  return std::exchange(ready_, nullptr);
}

void Generation::Watch::forget_ready() {
  const std::lock_guard lock(generation_->mutex_);
  std::erase(generation_->waiting_, this);
}

std::unique_ptr<EventWatch> Generation::watch(const WatchOptions& options) {
  return std::make_unique<Watch>(shared_from_this(), options);
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

}  // namespace shunt::generation
