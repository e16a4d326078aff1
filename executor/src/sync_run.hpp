#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include "model_slots.hpp"
#include "parts_utf8.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/base/memory_budget.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/run_tracer.hpp"
#include "shunt/generation/generation.hpp"
#include "shunt/generation/generator.hpp"
#include "utf8_stream.hpp"

namespace shunt::executor {

enum class StopReason { kNone, kCancelled, kDeadline, kShutdown, kOutputLimit };

// What a run tells its executor. Called from any thread.
class RunOwner {
 public:
  virtual ~RunOwner() = default;
  // The generation has its terminal event. Exactly once a run.
  virtual void run_ended(SyncRun& run) = 0;
};

// One admitted generation on its way through the sync executor: in line, running, ended. Its owner keeps weak
// references and the generator the strong one, so a generator that drops the run is noticed.
//
// The generation may end before the generator does (a broken output limit, or a generator that ignores its
// stop token for Model::stop_grace); the slot is held until the generator has ended too.
class SyncRun final : public GenerationRun, public std::enable_shared_from_this<SyncRun> {
 public:
  // What it runs by, all of which it keeps.
  struct Place {
    std::shared_ptr<RunOwner> owner;
    std::shared_ptr<const Model> model;
    std::shared_ptr<ModelSlots> slots;
  };
  SyncRun(Place place, Envelope envelope, std::shared_ptr<Generation> generation, EventLoop& loop,
          SteadyTime admitted_at, std::chrono::milliseconds timeout);
  ~SyncRun() override;

  // What its envelope's values take. It is kept until the run has gone.
  void keep_memory(MemoryReservation memory) { memory_ = std::move(memory); }
  // Kept until the run has ended. Before it begins.
  void keep_trace(std::unique_ptr<RunTrace> trace) { trace_ = std::move(trace); }
  // nullptr: it is not traced.
  [[nodiscard]] RunTrace* trace() const noexcept { return trace_.get(); }

  // The run was refused after all: nothing is told to anybody.
  void dismiss() noexcept;
  // Starts the generator. On the run's loop, with a slot taken.
  void begin();
  // Posts begin() to the run's loop.
  void begin_soon();
  // Lets the deadline run while the generation stands in line. On the run's loop.
  void wait_in_line();
  // Ends a run in line at once, asks a running one to stop. The first reason counts. Any thread.
  void request_stop(StopReason reason, std::string why);

  [[nodiscard]] const std::shared_ptr<Generation>& generation() const noexcept { return generation_; }
  [[nodiscard]] const Model& model() const noexcept { return *place_.model; }
  [[nodiscard]] const ModelSlots& slots() const noexcept { return *place_.slots; }
  [[nodiscard]] StopReason stop_reason() const;
  [[nodiscard]] std::chrono::nanoseconds waited() const;
  [[nodiscard]] std::chrono::nanoseconds ran() const;

  const Envelope& envelope() const noexcept override { return envelope_; }
  std::stop_token stop_token() const noexcept override { return stop_.get_token(); }
  MemoryBudget& memory() const noexcept override { return generation_->memory(); }
  void delta(std::string_view text) override;
  void delta(std::string_view text, MessageParts parts) override;
  void progress(double fraction, std::string_view message) override;
  void log(std::string_view level, std::string_view message) override;
  void artifact(Artifact artifact) override;
  void succeed(Json result) override;
  void fail(Error error) override;
  void stopped() override;

 private:
  bool take_conclusion();
  void release_slot();
  void flush_deltas();
  void end_as_stopped();
  void notify_owner();
  void stop_if_over_limit(bool taken);
  void arm_deadline();
  void arm_grace();
  // Timers die on their loop.
  void retire_timers();

  const Place place_;
  MemoryReservation memory_;
  const Envelope envelope_;
  const std::shared_ptr<Generation> generation_;
  EventLoop& loop_;
  const SteadyTime admitted_at_;
  const std::chrono::milliseconds timeout_;
  std::unique_ptr<RunTrace> trace_;
  std::stop_source stop_;

  std::atomic<bool> concluded_{false};  // the generator has said its last word
  std::atomic<bool> owner_notified_{false};
  std::atomic<bool> has_slot_{false};
  std::atomic<SteadyTime::rep> began_at_{0};
  std::atomic<SteadyTime::rep> ended_at_{0};

  mutable std::mutex mutex_;  // guards the members below
  StopReason reason_ = StopReason::kNone;
  std::string why_;
  Utf8Stream text_;
  std::unique_ptr<PartsUtf8> parts_;  // nullptr: nothing has been said beside text

  Timer deadline_;  // touched on loop_ only
  Timer grace_;
};

}  // namespace shunt::executor
