#pragma once

#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "model_slots.hpp"
#include "queue/records/generation_records.hpp"
#include "queue/runtime/event_feed.hpp"
#include "queue/runtime/large_outputs.hpp"
#include "queue/worker/attempt_retry.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "sync_run.hpp"

namespace shunt::executor {

// A worker's copy of a model, and who of its generations may run. A generator that does not let go holds its
// slot, and this, beyond the worker's own end.
struct WorkerModel final : RunOwner {
  explicit WorkerModel(Model made) : model(std::move(made)), slots(model) {}
  void run_ended(SyncRun&) override {}

  const Model model;
  ModelSlots slots;
};

// One attempt at a generation in a worker: the generator runs as it does in sync mode, into a Generation of
// this process, whose events are passed on to the log in Redis in as few calls as there are pauses. One
// thread: the worker's.
class QueuedRun final : public std::enable_shared_from_this<QueuedRun> {
 public:
  struct Services {
    EventLoop& loop;  // the worker's
    GenerationRecords& records;
    ArtifactStore& artifacts;
    boost::asio::thread_pool& files;
    const Clock& clock;
    FaultLog& faults;
    std::size_t max_inline_bytes;
    MemoryBudget& memory;
  };
  // Where the attempt continues the log (begin.lua).
  struct LogPosition {
    std::uint64_t attempt = 1;
    std::uint64_t sequence = 1;  // of the log's last event
  };
  QueuedRun(Services services, Envelope envelope, LogPosition position, JobAttempts attempts);
  ~QueuedRun();

  // What has become of the attempt, as its job has to know it.
  enum class Outcome {
    kEnded,  // the log has the end
    kRetry,  // it failed, and its log says that another attempt follows
    kLost,   // somebody else has the generation, or it has ended elsewhere
  };
  // Runs the generator and returns when the log has its end. To be called once.
  bullmq::awaitable<Outcome> run(std::shared_ptr<WorkerModel> model, EventLoop& generator_loop);
  // Ends it as cancelled without running, because somebody has asked before it began. Instead of run().
  bullmq::awaitable<Outcome> cancel_unrun(std::string reason);

  // Asks the generator to stop; it ends as cancelled.
  void cancel(const std::string& reason);
  // The generation is not ours any more: the generator is stopped, and nothing more is written.
  void abandon(const std::string& reason);

  [[nodiscard]] const std::string& generation_id() const noexcept { return id_; }
  [[nodiscard]] const Generation& generation() const noexcept { return *generation_; }
  // The last event of the log, after kEnded.
  [[nodiscard]] const GenerationEvent::Payload& ending() const noexcept { return ending_; }
  // Why, after kRetry and after a failed end.
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  [[nodiscard]] std::uint64_t attempt() const noexcept { return position_.attempt; }
  [[nodiscard]] bool retried() const noexcept { return phase_ == Phase::kRetried; }
  // Why it failed, for BullMQ.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  [[nodiscard]] std::chrono::nanoseconds waited() const;
  [[nodiscard]] std::chrono::nanoseconds ran() const;

 private:
  bullmq::awaitable<void> forward();
  [[nodiscard]] bool abandoned() const noexcept { return phase_ == Phase::kAbandoned; }
  bullmq::awaitable<void> store_large(std::vector<GenerationEvent>& events);
  void renumber(std::vector<GenerationEvent>& events) const;
  [[nodiscard]] bool retries(std::vector<GenerationEvent>& events);
  // Passes on the end of a generation that never runs.
  bullmq::awaitable<Outcome> end_unrun();
  bullmq::awaitable<AppendAnswer> append(const std::vector<GenerationEvent>& events, bool retry);
  bullmq::awaitable<void> end_as_cancelled(std::uint64_t sequence, std::string reason);
  [[nodiscard]] Outcome outcome() const;

  Services services_;
  const std::string id_;
  const WallTime created_at_;
  const std::chrono::milliseconds timeout_;
  Envelope envelope_;  // until the generator has it
  const LogPosition position_;
  const OnLost on_lost_;
  const JobAttempts attempts_;
  std::shared_ptr<Generation> generation_;
  std::weak_ptr<SyncRun> running_;
  EventFeed feed_;
  LargeOutputs outputs_;
  GenerationEvent::Payload ending_;
  std::optional<Error> error_;
  std::string failure_;
  // What the log has of the attempt. One that is abandoned stays so, whatever was written before it knew.
  enum class Phase { kOpen, kEnded, kRetried, kAbandoned };
  void enter(Phase phase) noexcept {
    if (!abandoned()) phase_ = phase;
  }
  Phase phase_ = Phase::kOpen;
};

}  // namespace shunt::executor
