#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "bullmq/job.hpp"
#include "queue/worker/job_outcome.hpp"
#include "queue/worker/lease_keeper.hpp"
#include "queue/worker/queued_run.hpp"
#include "queue/worker/worker_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What becomes of a job: begins an attempt at its generation, runs it, and tells BullMQ how it ended. One
// thread: the loop's.
class JobProcessor {
 public:
  JobProcessor(WorkerContext& context, LeaseKeeper& lease) : context_(context), lease_(lease) {}

  // A processor of BullMQ's worker: returns the job's value, or throws what BullMQ is to make of it. `stop`
  // tells of a lost lock and of the worker's end. It runs by this model, whatever becomes of that meanwhile.
  bullmq::awaitable<std::string> process(bullmq::Job job, std::stop_token stop,
                                         std::shared_ptr<WorkerModel> model);
  void on_notification(const std::string& id, const std::string& message);
  // Lets go of everything that runs.
  void abandon_all(const std::string& reason);

  [[nodiscard]] std::size_t running() const noexcept { return runs_.size(); }
  // Jobs that went back since the worker was told to stop.
  [[nodiscard]] std::size_t given_back() const noexcept { return given_back_; }

 private:
  // `envelope` gives the head where it is asked for, and lives until it returns; nullptr where there is a
  // record.
  bullmq::awaitable<BeginAnswer> begin(AttemptRequest request, const Envelope* envelope,
                                       std::stop_token stop);
  [[nodiscard]] AttemptRequest attempt_request(const Envelope& envelope, std::string lock_token) const;
  // Where the answer tells that the generation has ended, or is not to run: the outcome of its job, once its
  // log has the end. Nothing where it is somebody else's.
  bullmq::awaitable<std::optional<JobOutcome>> end_without_run(AttemptRequest request, BeginAnswer begun,
                                                               const QueuedRun* run);
  bullmq::awaitable<AppendAnswer> append_end(AttemptRequest request, std::uint64_t attempt,
                                             GenerationEvent event);
  [[nodiscard]] QueuedRun::Services run_services();
  bullmq::awaitable<QueuedRun::Outcome> run(std::shared_ptr<QueuedRun> run, const BeginAnswer& begun,
                                            std::shared_ptr<WorkerModel> model, std::stop_token stop);
  bullmq::awaitable<void> let_unreadable_go(bullmq::Job job, std::string model, Error problem);
  // `traced` may be null, and lives until it returns.
  bullmq::awaitable<void> let_lost_go(bullmq::Job job, std::string model, RunTrace* traced,
                                      bool stop_requested);
  bullmq::awaitable<JobOutcome> outcome_elsewhere(std::string id, std::string state);
  bullmq::awaitable<std::optional<StoredGeneration>> read_generation(std::string id);
  bullmq::awaitable<void> give_back(bullmq::Job job);
  [[nodiscard]] std::unique_ptr<RunTrace> trace(Envelope& envelope, std::uint64_t attempt) const;
  void report_ended(const QueuedRun& run, const std::string& model);
  // An end that this worker writes for a generation that may not run (again). `run`: the attempt that it had
  // begun itself; nullptr: none.
  void report_unrun(const AttemptRequest& request, std::uint64_t attempt,
                    const GenerationEvent::Payload& ending, const QueuedRun* run) const;
  void report_failed(const QueuedRun& run, const std::string& model);
  void report_released(const std::string& model, WorkerObserver::Release how) const;

  WorkerContext& context_;
  LeaseKeeper& lease_;
  std::map<std::string, std::shared_ptr<QueuedRun>> runs_;
  std::size_t given_back_ = 0;
};

}  // namespace shunt::executor
