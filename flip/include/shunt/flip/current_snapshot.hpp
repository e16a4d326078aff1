#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "shunt/flip/namespace.hpp"
#include "shunt/flip/snapshot.hpp"

namespace shunt::flip {

// The snapshot that a process decides by at this moment. Any thread takes it and any thread replaces it; who
// has taken one keeps it until the decision is made, so that no request is decided by two.
class CurrentSnapshot {
 public:
  explicit CurrentSnapshot(Snapshot first) : snapshot_(std::make_shared<const Snapshot>(std::move(first))) {}

  [[nodiscard]] std::shared_ptr<const Snapshot> take() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void replace(Snapshot next) {
    auto replacement = std::make_shared<const Snapshot>(std::move(next));
    const std::lock_guard lock(mutex_);
    snapshot_.swap(replacement);
  }

 private:
  // The std::atomic<std::shared_ptr> of g++ 12 releases its lock without ordering the read before it, which
  // ThreadSanitizer reports and a weakly ordered processor may show.
  mutable std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace shunt::flip
