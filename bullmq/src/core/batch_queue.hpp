#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "bullmq/batcher.hpp"

namespace bullmq::detail {

// What a batcher decides, without I/O: what waits, who may join, which items the next call takes and when,
// and what becomes of an item that nobody waits for any longer. BatchRunner tells it what happens and carries
// out what it answers.
class BatchQueue {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using Item = std::shared_ptr<BatchItem>;

  explicit BatchQueue(const BatcherOptions& options) : options_(options) {}

  enum class Joined {
    refused,        // too much waits already
    waits,          // what happens anyway, a call's end or the end of this turn, sends it
    begins_a_turn,  // it waits; turn_ended() is to be called when this turn of the event loop is over
  };
  [[nodiscard]] Joined join(Item item);

  enum class Cancelled {
    taken_out,   // it never goes out
    on_its_way,  // its call's answer is nobody's
    too_late,    // its outcome is decided
  };
  [[nodiscard]] Cancelled cancel(BatchItem& item);

  void turn_ended() noexcept { in_turn_ = false; }

  struct Call {
    std::vector<Item> items;
    std::size_t bytes = 0;
    bool alone = false;
  };
  // The next call to be made now, if there is one. It counts as on its way from here on.
  [[nodiscard]] std::optional<Call> next_call(TimePoint now);
  // When to ask next_call() again though nothing else has happened.
  [[nodiscard]] std::optional<TimePoint> ask_again_at() const noexcept;

  enum class End { answered, failed, timed_out };
  // Those who waited behind a call that has ended so, and are not kept for another one.
  [[nodiscard]] std::vector<Item> give_up_behind(End how);
  // Whether to hand answers out before call_ended(), so that what they lead to can share the next call.
  [[nodiscard]] bool answers_come_first() const noexcept { return options_.calls_at_once == 1; }
  void call_ended(const Call& call, TimePoint now) noexcept;
  // The outcome of an item is decided. False: it was before, whoever waited is gone.
  [[nodiscard]] static bool decide(BatchItem& item) noexcept;

  // All that waits, which does not any longer.
  [[nodiscard]] std::vector<Item> take_all();

 private:
  struct Waiting {
    Item item;
    std::size_t bytes;
  };
  [[nodiscard]] bool may_send(TimePoint now) const noexcept;
  void take_front(Call& call);
  void uncount(const Waiting& waiting) noexcept;

  const BatcherOptions& options_;
  std::deque<Waiting> waiting_;  // sorted by the items' places
  std::uint64_t last_place_ = 0;
  std::size_t waiting_bytes_ = 0;
  std::size_t urgent_ = 0;  // of those that wait
  std::size_t calls_ = 0;   // on their way, without those of items that go alone
  bool in_turn_ = false;
  std::optional<TimePoint> lingers_until_;
};

}  // namespace bullmq::detail
