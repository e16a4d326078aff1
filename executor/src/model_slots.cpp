#include "model_slots.hpp"

#include <algorithm>
#include <utility>

#include "sync_run.hpp"

namespace shunt::executor {

ModelSlots::Grant ModelSlots::take(const std::shared_ptr<SyncRun>& run) {
  const std::lock_guard lock(mutex_);
  if (running_ < concurrency_) {
    ++running_;
    return Grant::kRunning;
  }
  if (line_.size() >= max_waiting_) return Grant::kFull;
  line_.push_back(run);
  return Grant::kWaiting;
}

std::shared_ptr<SyncRun> ModelSlots::release(std::chrono::nanoseconds took) {
  const double took_ms = std::chrono::duration<double, std::milli>(took).count();
  const std::lock_guard lock(mutex_);
  mean_run_ms_ += (took_ms - mean_run_ms_) / 10;
  if (line_.empty() || running_ > concurrency_) {
    --running_;
    return nullptr;
  }
  auto next = std::move(line_.front());
  line_.pop_front();
  return next;
}

std::vector<std::shared_ptr<SyncRun>> ModelSlots::set_limits(const Model& model) {
  std::vector<std::shared_ptr<SyncRun>> started;
  const std::lock_guard lock(mutex_);
  concurrency_ = model.concurrency;
  max_waiting_ = model.max_waiting;
  while (running_ < concurrency_ && !line_.empty()) {
    ++running_;
    started.push_back(std::move(line_.front()));
    line_.pop_front();
  }
  return started;
}

bool ModelSlots::leave_line(const SyncRun& run) {
  std::shared_ptr<SyncRun> left;  // dropped after the lock
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(line_, &run, &std::shared_ptr<SyncRun>::get);
  if (found == line_.end()) return false;
  left = std::move(*found);
  line_.erase(found);
  return true;
}

std::size_t ModelSlots::concurrency() const {
  const std::lock_guard lock(mutex_);
  return concurrency_;
}

std::size_t ModelSlots::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

std::size_t ModelSlots::waiting() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

std::optional<WallTime> ModelSlots::first_in_line() const {
  const std::lock_guard lock(mutex_);
  if (line_.empty()) return std::nullopt;
  return line_.front()->generation()->id().created_at();
}

std::chrono::milliseconds ModelSlots::retry_after() const {
  const std::lock_guard lock(mutex_);
  const double ms = mean_run_ms_ / static_cast<double>(std::max<std::size_t>(concurrency_, 1));
  return std::chrono::milliseconds(std::clamp<std::int64_t>(static_cast<std::int64_t>(ms), 1'000, 60'000));
}

}  // namespace shunt::executor
