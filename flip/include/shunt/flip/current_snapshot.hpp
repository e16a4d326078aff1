#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "shunt/flip/namespace.hpp"
#include "shunt/flip/snapshot.hpp"

namespace shunt::flip {

// The snapshot that a process decides by at this moment. Any thread takes it and any thread replaces it; who
// has taken one keeps it until the decision is made, so that no request is decided by two.
class CurrentSnapshot {
 public:
  explicit CurrentSnapshot(Snapshot first) : snapshot_(std::make_shared<const Snapshot>(std::move(first))) {}

  [[nodiscard]] std::shared_ptr<const Snapshot> take() const noexcept { return snapshot_.load(); }
  void replace(Snapshot next) { snapshot_.store(std::make_shared<const Snapshot>(std::move(next))); }

 private:
  std::atomic<std::shared_ptr<const Snapshot>> snapshot_;
};

}  // namespace shunt::flip
