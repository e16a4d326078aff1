#include "queue_look.hpp"

#include <chrono>

namespace shunt::flip {
namespace {

// The figures themselves are up to two seconds old.
constexpr std::chrono::milliseconds kLookInterval{500};

}  // namespace

std::optional<QueueHealth> QueueLook::of(const std::string& model) {
  const SteadyTime now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  if (!looked_at_ || now - *looked_at_ >= kLookInterval) {
    looked_at_ = now;
    models_.clear();
    for (const executor::ModelDescription& seen : queue_.describe().models) {
      models_[seen.name] = {.workers = seen.workers + seen.plain_workers,
                            .oldest_waiting = seen.oldest_waiting_age};
    }
  }
  const auto found = models_.find(model);
  if (found == models_.end()) return std::nullopt;
  return found->second;
}

}  // namespace shunt::flip
