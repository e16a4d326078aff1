#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "fleet/flip_context.hpp"
#include "shunt/flip/current_snapshot.hpp"
#include "shunt/flip/namespace.hpp"
#include "store/following.hpp"

namespace shunt::flip {

// The record that this process acts on: its snapshot, its copy on disk, and what both are derived from. One
// thread: the loop's.
class ActingRecord {
 public:
  // Called with each record that is acted on.
  using Listener = std::function<void(const FlipRecord&)>;

  // Reads the copy on disk, and acts on that or on what configuration says. A copy that cannot be read is
  // left where it is, and logged.
  ActingRecord(FlipContext& context, CurrentSnapshot& snapshot, Listener listener);

  [[nodiscard]] const LocalRecord& local() const noexcept { return local_; }
  [[nodiscard]] const FlipRecord& record() const noexcept { return local_.record; }
  // What configuration begins with.
  [[nodiscard]] const FlipRecord& first() const noexcept { return first_; }
  // Raised by each change: whoever has waited for Redis sees whether what they know is still so.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

  // Decisions are taken by it at once; then it goes to the disk.
  void act_on(LocalRecord next);
  // How the store and the breaker are doing now. `unwatched_for`: nobody could read the store, or drive, for
  // so long.
  void look_around(std::chrono::milliseconds unwatched_for);
  [[nodiscard]] bool is_blind() const noexcept { return blind_; }

 private:
  void replace_snapshot();
  void keep();

  FlipContext& context_;
  CurrentSnapshot& snapshot_;
  Listener listener_;
  const FlipRecord first_;
  LocalRecord local_;
  LocalView view_;
  bool blind_ = false;
  std::uint64_t version_ = 0;
};

}  // namespace shunt::flip
