#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/signal.hpp"
#include "fleet/acting_record.hpp"
#include "fleet/flip_context.hpp"
#include "fleet/record_changes.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"
#include "shunt/flip/namespace.hpp"

namespace shunt::flip {

// Keeps this process with its fleet: reads the record when a change is pushed and every few seconds, acts on
// it, acknowledges it with the process's lease, and brings to the store what was changed here alone. Holds
// the controller's lease whenever that is free. One thread: the loop's.
class Follower {
 public:
  Follower(FlipContext& context, ActingRecord& acting) : context_(context), acting_(acting) {}

  void start();
  void stop();

  // Reads the record now, and returns when this process has acted on it, acknowledged it, and merged what
  // there was to merge. Whether the store could be read.
  [[nodiscard]] bullmq::awaitable<bool> follow();

  // Compares and sets. Acts on the record when it was set, unless something else is acted on by then.
  enum class Stored { kSet, kStale, kFenced, kUnknown };
  [[nodiscard]] bullmq::awaitable<Stored> store(FlipRecord next, ChangeStory story,
                                                std::optional<std::string> fence);

  [[nodiscard]] bool is_readable() const noexcept { return !unreadable_since_.has_value() && read_once_; }
  [[nodiscard]] bool has_answered() const noexcept { return read_once_ || unreadable_since_.has_value(); }
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }
  [[nodiscard]] std::chrono::milliseconds unreadable_for() const;
  [[nodiscard]] std::optional<SteadyTime> unreadable_since() const noexcept { return unreadable_since_; }
  // For how long no process has held the controller's lease, which a server that is full gives to nobody.
  [[nodiscard]] std::chrono::milliseconds undriven_for() const;
  // The controller's fencing number, while this process holds the lease.
  [[nodiscard]] const std::optional<std::string>& fence() const noexcept { return fence_; }
  // What a change would be compared with.
  [[nodiscard]] const StoredHead& head() const noexcept { return head_; }
  // This process as its lease tells of it.
  [[nodiscard]] ApiProcess self() const;

  // While something is being written that was acted on already, it is not merged beside that.
  using Writing = std::shared_ptr<void>;
  [[nodiscard]] Writing begin_writing();
  // Something here is to be brought to the store soon.
  void follow_soon() { following_.run_now(); }

  // Told when entries of the audit have been appended.
  bullmq::Signal<>& on_entries() noexcept { return entries_; }

 private:
  enum class Turn { kDone, kAgain };
  bullmq::awaitable<void> follow_when_due();
  bullmq::awaitable<void> listen();
  bullmq::awaitable<void> listen_once();
  bullmq::awaitable<Turn> digest(FollowAnswer answer, std::uint64_t version, std::uint64_t told_epoch);
  void announce();
  void remember_entry();
  void readable();
  void unreadable(const std::string& why);

  FlipContext& context_;
  ActingRecord& acting_;
  executor::PeriodicDuty following_;
  bullmq::Signal<> entries_;
  std::vector<bullmq::Subscription> subscriptions_;
  StoredHead head_;                   // of what is known of the store
  StoredHead chain_;                  // the last entry of the audit that was ever seen
  std::optional<FlipRecord> stored_;  // as it was read last
  bool read_once_ = false;
  bool stopped_ = false;
  std::optional<SteadyTime> unreadable_since_;
  std::optional<SteadyTime> undriven_since_;
  std::string problem_;
  std::optional<std::string> fence_;
  SteadyTime next_{};
  std::string position_;  // in the stream; "" = not known
  std::shared_ptr<int> writing_ = std::make_shared<int>(0);
  WallTime started_at_{};
};

}  // namespace shunt::flip
