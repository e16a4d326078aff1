#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/flip/namespace.hpp"
#include "shunt/flip/record.hpp"

namespace shunt::flip {

// What a process knows of its store and its breaker, besides the record.
struct LocalView {
  std::chrono::milliseconds store_unreadable_for{0};
  std::chrono::milliseconds breaker_open_for{0};  // outside of drills; 0 while it is not open
};

// What requests are decided by: a record, made ready to be asked. Immutable, so that any number of threads
// share one; a new record is a new snapshot. In shadow and canary, held or not, a process that has not read
// its store for guards.store_unreadable, or whose breaker has been open for guards.breaker_open, sends
// nothing to the queue: a rollout that cannot be watched does not go on. Any other state stays as it is for
// as long as the store is away.
class Snapshot {
 public:
  explicit Snapshot(const FlipRecord& record, const LocalView& local = {});

  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  // Where new work goes: never `held`.
  [[nodiscard]] FlipState state() const noexcept { return state_; }
  [[nodiscard]] Weight weight() const noexcept { return weight_; }
  [[nodiscard]] const std::string& salt() const noexcept { return salt_; }
  // The rollout is not watched: what would be split runs in sync.
  [[nodiscard]] bool is_blind() const noexcept { return blind_; }
  [[nodiscard]] std::uint64_t max_in_flight() const noexcept { return max_in_flight_; }
  [[nodiscard]] bool allows(std::string_view name) const noexcept;
  [[nodiscard]] bool denies(std::string_view name) const noexcept;

 private:
  std::uint64_t epoch_;
  FlipState state_;
  Weight weight_;
  std::string salt_;
  bool blind_;
  std::uint64_t max_in_flight_;
  std::vector<std::string> allow_;  // sorted
  std::vector<std::string> deny_;
};

}  // namespace shunt::flip
