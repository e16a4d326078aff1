#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/awaitable.hpp"
#include "model_slots.hpp"
#include "queue/log_writer.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/generation/artifact_store.hpp"
#include "sync_run.hpp"

namespace shunt::executor {

// One attempt at a generation in a worker: the generator runs as it does in sync mode, into a Generation of
// this process, whose events are passed on to the log in Redis in as few calls as there are pauses. One
// thread (the worker's), but for run_ended.
class QueuedRun final : public RunOwner, public std::enable_shared_from_this<QueuedRun> {
 public:
  struct Services {
    EventLoop& loop;  // the worker's
    std::shared_ptr<LogWriter> log;
    ArtifactStore& artifacts;
    boost::asio::thread_pool& files;
    const Clock& clock;
  };
  // `sequence`: of the log's last event; `attempt`: from begin.lua.
  QueuedRun(Services services, Envelope envelope, std::uint64_t attempt, std::uint64_t sequence);

  // How the attempt ended, as the job has to know it.
  enum class End {
    kEnded,  // the log has the end
    kLost,   // somebody else has the generation, or it has ended elsewhere
  };
  // Runs the generator and returns when the log has its end. To be called once.
  bullmq::awaitable<End> run(ModelSlots& slots, EventLoop& generator_loop);
  // Ends it as cancelled without running, because somebody has asked before it began.
  bullmq::awaitable<End> cancel_unrun(std::string reason);

  // Asks the generator to stop; it ends as cancelled.
  void cancel(const std::string& reason);
  // The generation is not ours any more: the generator is stopped, and nothing more is written.
  void abandon(const std::string& reason);

  [[nodiscard]] const Generation& generation() const noexcept { return *generation_; }
  [[nodiscard]] std::chrono::nanoseconds waited() const;
  [[nodiscard]] std::chrono::nanoseconds ran() const;

  void run_ended(SyncRun&) override {}

 private:
  void listen();
  bullmq::awaitable<void> forward();
  bullmq::awaitable<std::vector<GenerationEvent>> next_events();
  bullmq::awaitable<void> store_artifact(Artifact& artifact);
  bullmq::awaitable<AppendAnswer> append(std::vector<GenerationEvent> events);
  void renumber(std::vector<GenerationEvent>& events) const;

  Services services_;
  const std::string id_;
  const Envelope envelope_;
  const std::uint64_t attempt_;
  const std::uint64_t sequence_;
  std::shared_ptr<Generation> generation_;
  std::shared_ptr<SyncRun> run_;  // until its generator has it
  std::weak_ptr<SyncRun> running_;
  std::unique_ptr<EventWatch> watch_;
  boost::asio::steady_timer woken_;
  bool ready_ = false;
  bool abandoned_ = false;
};

}  // namespace shunt::executor
