#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "queue/runtime/event_feed.hpp"
#include "queue/runtime/large_outputs.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation.hpp"

namespace shunt::executor {

// Appends the log of a sync generation of this process to its record, as a worker does, from its beginning to
// its end. One thread: the loop's.
class OwnerLog final : public std::enable_shared_from_this<OwnerLog> {
 public:
  // `changed` is called when more is written, and when the log is over; `cancel` when somebody has asked the
  // generation to stop.
  OwnerLog(QueueContext& context, std::shared_ptr<Generation> generation, std::function<void()> changed,
           std::function<void(std::string reason)> cancel);

  static bullmq::awaitable<void> run(std::shared_ptr<OwnerLog> self);
  // Nothing more is written.
  void stop();

  enum class State {
    kOpen,
    kEnded,    // the record has the end
    kRefused,  // the record is not there any more, or has another end
    kFailed,   // something could not be stored, and the record ends with that
    kStopped,
  };
  [[nodiscard]] State state() const noexcept { return state_; }
  // The number of the last event that the record has.
  [[nodiscard]] std::uint64_t written() const noexcept { return written_; }

 private:
  bullmq::awaitable<void> forward();
  bullmq::awaitable<void> store_large(std::vector<GenerationEvent>& events);
  bullmq::awaitable<AppendAnswer> append(const std::vector<GenerationEvent>& events);
  void enter(State state);
  [[nodiscard]] bool is_stopped() const noexcept { return state_ == State::kStopped; }

  QueueContext& context_;
  const std::shared_ptr<Generation> generation_;
  const std::string id_;
  const std::function<void()> changed_;
  const std::function<void(std::string)> cancel_;
  EventFeed feed_;
  LargeOutputs outputs_;
  State state_ = State::kOpen;
  std::uint64_t written_ = 1;  // `queued` is never written
};

}  // namespace shunt::executor
