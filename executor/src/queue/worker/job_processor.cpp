#include "queue/worker/job_processor.hpp"

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/notification_records.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "queue/worker/job_outcome.hpp"
#include "queue/worker/unreadable_job.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

constexpr std::chrono::milliseconds kPauseAfterError{100};

JobAttempts attempts_of(const bullmq::Job& job) {
  const bullmq::JobRecord& record = job.record();
  JobAttempts attempts;
  attempts.made = record.attempts_made;
  attempts.allowed = record.options.attempts.value_or(1);
  attempts.backoff = record.options.backoff;
  return attempts;
}

// A result that lies in the artifact store is told by its size, as any that is too long for BullMQ.
JobOutcome outcome_of_stored(StoredGeneration stored, std::size_t max_inline_bytes) {
  GenerationRecord record = stored.generation->record();
  const auto* withheld = stored.withheld ? std::get_if<event::Succeeded>(&stored.withheld->payload) : nullptr;
  if (withheld == nullptr) return job_outcome(record, max_inline_bytes);
  JsonObject value;
  value["text"] = record.text;
  value["result_bytes"] = withheld->stored ? withheld->stored->size : 0;
  return JobReturns{to_json_text(value)};
}

// What a processor does to end its job so.
std::string end_job(const JobOutcome& outcome) {
  if (const auto* fails = std::get_if<JobFails>(&outcome)) throw bullmq::UnrecoverableError(fails->reason);
  return std::get<JobReturns>(outcome).value;
}

GenerationState state_of(const GenerationEvent::Payload& ending) {
  if (std::holds_alternative<event::Succeeded>(ending)) return GenerationState::kSucceeded;
  if (std::holds_alternative<event::Cancelled>(ending)) return GenerationState::kCancelled;
  return GenerationState::kFailed;
}

// Its worker was lost after it had begun, or went, and it may not run again. Whoever asks for the same once
// more has to know that it may be billed twice, so nobody does it by himself.
Error lost_for_good() {
  return not_run_again(
      {error_code::kWorkerLost,
       "the worker that had begun the generation was lost, or stopped, and the model runs nothing twice "
       "(on_lost = \"fail\"): whether its work was done, and billed, is not known"});
}

// Where the attempt continues the log; nothing when there is none.
std::optional<QueuedRun::LogPosition> position_in(const BeginAnswer& begun) {
  if (const auto* run = std::get_if<BeginRun>(&begun))
    return QueuedRun::LogPosition{run->attempt, run->sequence};
  if (const auto* run = std::get_if<BeginCancelled>(&begun))
    return QueuedRun::LogPosition{run->attempt, run->sequence};
  return std::nullopt;
}

void report_to(RunTrace& trace, const QueuedRun& run, QueuedRun::Outcome outcome) {
  const bool retried = outcome == QueuedRun::Outcome::kRetry;
  const auto* failed = std::get_if<event::Failed>(&run.ending());
  // An attempt that will be repeated has no end of its own in the log.
  const std::string code = retried             ? run.generation().error_code()
                           : failed != nullptr ? failed->error.code.to_string()
                                               : std::string();
  trace.ended({.state = retried ? GenerationState::kFailed : state_of(run.ending()),
               .error_code = code,
               .waited = run.waited(),
               .ran = run.ran(),
               .retried = retried});
}

}  // namespace

// It has no head, which nearly always is in Redis since the generation was admitted.
AttemptRequest JobProcessor::attempt_request(const Envelope& envelope, std::string lock_token) const {
  const auto left =
      envelope.deadline ? time_until(*envelope.deadline, context_.clock.now()) : std::chrono::hours(24);
  AttemptRequest request;
  request.id = envelope.id.to_string();
  request.model = envelope.request.model;
  request.ttl = std::max<std::chrono::milliseconds>(left, std::chrono::milliseconds(0)) +
                context_.options.queue.retention;
  request.created_at = envelope.created_at;
  request.lock_token = std::move(lock_token);
  return request;
}

// Tries until Redis has answered, or the job is not ours any more.
awaitable<BeginAnswer> JobProcessor::begin(AttemptRequest request, const Envelope* envelope,
                                           std::stop_token stop) {
  while (context_.phase() != WorkerPhase::kClosed && !stop.stop_requested()) {
    AttemptRequest copy = request;
    Result<BeginAnswer> answer = Error{};
    try {
      answer = co_await context_.records.begin(std::move(copy));
    } catch (...) {
      // No connection, or a server that takes no writes now: it is full, loading, or a replica.
      note_caught(context_.faults, "begin");
    }
    if (answer && std::holds_alternative<BeginWantsHead>(*answer)) {
      if (envelope == nullptr) break;
      request.head = encode_head(*envelope);
      continue;
    }
    if (answer) co_return std::move(*answer);
    // Trying again does not mend a record.
    if (answer.error().code == error_code::kBrokenRecord)
      throw bullmq::UnrecoverableError(answer.error().code.to_string() + ": " + answer.error().message);
    boost::asio::steady_timer pause(context_.loop.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return BeginNotYours{};
}

// What cannot be read ends visibly: at once, or when no worker of its version has come for it in time.
awaitable<void> JobProcessor::let_unreadable_go(bullmq::Job job, std::string model, Error problem) {
  const UnreadableJob decision =
      decide_unreadable(problem, job.data(), job.record().attempts_started, context_.clock.now());
  if (const auto* given_up = std::get_if<GiveJobUp>(&decision)) {
    log::warn("worker.job_unreadable", {{"model", model}, {"job", job.id()}, {"error", given_up->reason}});
    report_released(model, WorkerObserver::Release::kUnreadable);
    throw bullmq::UnrecoverableError(given_up->reason);
  }
  const auto delay = std::get<PutJobBack>(decision).delay;
  log::warn("worker.envelope_put_back",
            {{"model", model}, {"job", job.id()}, {"for_ms", delay.count()}, {"error", problem.message}});
  report_released(model, WorkerObserver::Release::kPutBack);
  try {
    co_await job.move_to_delayed((context_.clock.now() + delay).time_since_epoch().count(), job.token());
  } catch (...) {
    // It is found to be stalled then.
    note_caught(context_.faults, "put_back");
  }
  throw bullmq::DelayedError();
}

// Back to the front of its queue, so that another attempt begins at once. If the lock is lost it is there
// already, or will be when the job is found to be stalled.
awaitable<void> JobProcessor::give_back(bullmq::Job job) {
  try {
    co_await job.move_to_wait(job.token());
  } catch (...) {
    note_caught(context_.faults, "give_back");
  }
}

awaitable<std::string> JobProcessor::process(bullmq::Job job, std::stop_token stop,
                                             std::shared_ptr<WorkerModel> run_by) {
  const std::string model = run_by->model.name;
  // `stop` tells of a lost lock and of the worker's end; what is to be done then must not be interrupted.
  const auto never = boost::asio::disable_cancellation();
  co_await boost::asio::this_coro::reset_cancellation_state(never);
  auto envelope = decode_envelope(job.data());
  if (!envelope) co_await let_unreadable_go(job, model, envelope.error());
  if (envelope->id.to_string() != job.id()) {
    const std::string expected = "the job's id must be its envelope's: " + envelope->id.to_string();
    co_await let_unreadable_go(job, model, invalid_field("/id", expected));
  }
  lease_.note_claim();
  const AttemptRequest request = attempt_request(*envelope, job.token());
  const bool once = !may_run_again(envelope->on_lost, Setback::kGivenBack);
  const BeginAnswer begun = co_await begin(request, &*envelope, stop);
  if (std::holds_alternative<BeginEnded>(begun) || std::holds_alternative<BeginLost>(begun)) {
    const auto outcome = co_await end_without_run(request, begun, nullptr);
    if (outcome) co_return end_job(*outcome);
  }
  const auto position = position_in(begun);
  if (!position) {
    co_await let_lost_go(job, model, nullptr, stop.stop_requested());
    throw bullmq::WaitingError();
  }
  if (context_.options.observer != nullptr) context_.options.observer->claimed(model, position->attempt);
  const std::unique_ptr<RunTrace> traced = trace(*envelope, position->attempt);
  const auto attempt =
      std::make_shared<QueuedRun>(run_services(), std::move(*envelope), *position, attempts_of(job));
  const QueuedRun::Outcome result = co_await run(attempt, begun, std::move(run_by), stop);
  if (result == QueuedRun::Outcome::kLost) {
    if (once) {
      // Nobody may run it again, so it ends here rather than there, if its job is still ours.
      const BeginAnswer after = co_await begin(request, nullptr, {});
      const auto outcome = co_await end_without_run(request, after, attempt.get());
      if (outcome && traced) traced->released(WorkerObserver::Release::kLost);
      if (outcome) co_return end_job(*outcome);
    }
    co_await let_lost_go(job, model, traced.get(), stop.stop_requested());
    throw bullmq::WaitingError();
  }
  if (traced) report_to(*traced, *attempt, result);
  // It comes again after its backoff while it has attempts left, as its log says.
  if (result == QueuedRun::Outcome::kRetry) {
    report_failed(*attempt, model);
    throw bullmq::Error(attempt->failure());
  }
  report_ended(*attempt, model);
  // Without one where the log has another end than the generator wrote: that says it all.
  const auto record = attempt->generation().record_at_end();
  const GenerationRecord none;
  co_return end_job(
      job_outcome(attempt->ending(), record ? *record : none, context_.options.queue.max_inline_bytes));
}

awaitable<std::optional<JobOutcome>> JobProcessor::end_without_run(AttemptRequest request, BeginAnswer begun,
                                                                   const QueuedRun* run) {
  if (const auto* ended = std::get_if<BeginEnded>(&begun)) {
    const JobOutcome outcome = co_await outcome_elsewhere(request.id, ended->state);
    co_return outcome;
  }
  std::uint64_t attempt = 0;
  GenerationEvent end;
  end.at = context_.clock.now();
  if (const auto* lost = std::get_if<BeginLost>(&begun)) {
    attempt = lost->attempt;
    end.sequence = lost->sequence + 1;
    end.payload = event::Failed{lost_for_good()};
  } else if (const auto* cancelled = std::get_if<BeginCancelled>(&begun)) {
    attempt = cancelled->attempt;
    end.sequence = cancelled->sequence + 1;
    end.payload = event::Cancelled{cancelled->reason};
  } else {
    co_return std::nullopt;
  }
  const AppendAnswer answer = co_await append_end(request, attempt, end);
  if (!std::holds_alternative<Appended>(answer)) co_return std::nullopt;
  report_unrun(request, attempt, end.payload, run);
  const GenerationRecord none;
  co_return job_outcome(end.payload, none, context_.options.queue.max_inline_bytes);
}

awaitable<AppendAnswer> JobProcessor::append_end(AttemptRequest request, std::uint64_t attempt,
                                                 GenerationEvent event) {
  const std::vector<GenerationEvent> events{std::move(event)};
  while (context_.phase() != WorkerPhase::kClosed) {
    LogBatch batch = make_batch(request.id, attempt, events);
    try {
      const AppendAnswer answer = co_await context_.records.append(std::move(batch));
      co_return answer;
    } catch (...) {
      // Sending the same batch again does no harm.
      note_caught(context_.faults, "append_end");
    }
    boost::asio::steady_timer pause(context_.loop.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return AppendRefused{};
}

QueuedRun::Services JobProcessor::run_services() {
  return {context_.loop,
          context_.records,
          context_.artifacts,
          context_.files,
          context_.clock,
          context_.faults,
          context_.options.queue.max_inline_bytes,
          *context_.options.memory};
}

// The generation is not this worker's any more: its job goes back.
awaitable<void> JobProcessor::let_lost_go(bullmq::Job job, std::string model, RunTrace* traced,
                                          bool stop_requested) {
  const WorkerPhase phase = context_.phase();
  if (phase != WorkerPhase::kTaking) ++given_back_;
  const auto how = loss_of(phase, stop_requested) == AttemptLoss::kGivenBack
                       ? WorkerObserver::Release::kGivenBack
                       : WorkerObserver::Release::kLost;
  report_released(model, how);
  if (traced != nullptr) traced->released(how);
  co_await give_back(std::move(job));
}

awaitable<std::optional<StoredGeneration>> JobProcessor::read_generation(std::string id) {
  auto outcome = co_await context_.records.read(std::move(id), GenerationRecords::Follow::kNo);
  auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr) co_return std::nullopt;
  co_return std::move(*stored);
}

// Its log has an end that somebody else has written: a worker that was lost before it could end the job, or
// whoever cancelled it, or noticed that its time was over. BullMQ is told what was told then.
awaitable<JobOutcome> JobProcessor::outcome_elsewhere(std::string id, std::string state) {
  try {
    auto stored = co_await read_generation(id);
    if (stored) {
      JobOutcome outcome = outcome_of_stored(std::move(*stored), context_.options.queue.max_inline_bytes);
      co_return outcome;
    }
  } catch (...) {
    note_caught(context_.faults, "ended_elsewhere");
  }
  GenerationRecord record;
  record.state = parse_generation_state(state).value_or(GenerationState::kFailed);
  record.cancel_reason = "it had ended before a worker could end its job";
  JobOutcome outcome = job_outcome(record, context_.options.queue.max_inline_bytes);
  co_return outcome;
}

awaitable<QueuedRun::Outcome> JobProcessor::run(std::shared_ptr<QueuedRun> run, const BeginAnswer& begun,
                                                std::shared_ptr<WorkerModel> model, std::stop_token stop) {
  const std::string id = run->generation_id();
  runs_[id] = run;
  lease_.note_running(runs_.size());
  // The lock was lost, or this worker closes: either way the job is not ours any more.
  const std::stop_callback abandon(stop, [&run] { run->abandon("the worker lost the generation"); });
  QueuedRun::Outcome result = QueuedRun::Outcome::kLost;
  if (const auto* cancelled = std::get_if<BeginCancelled>(&begun)) {
    result = co_await run->cancel_unrun(cancelled->reason);
  } else {
    result = co_await run->run(std::move(model), context_.generator_loops.pick());
  }
  // Unless the job was lost and has come back to us meanwhile.
  const auto entry = runs_.find(id);
  if (entry != runs_.end() && entry->second == run) runs_.erase(entry);
  lease_.note_running(runs_.size());
  co_return result;
}

void JobProcessor::abandon_all(const std::string& reason) {
  // A copy, because a run that hears of it may leave the map.
  const auto runs = runs_;
  for (const auto& [id, run] : runs) run->abandon(reason);
}

void JobProcessor::on_notification(const std::string& id, const std::string& message) {
  const auto run = runs_.find(id);
  if (run == runs_.end()) return;
  const auto notification = decode_notification(message);
  const auto* const cancel = notification ? std::get_if<CancelRequested>(&*notification) : nullptr;
  if (cancel != nullptr) run->second->cancel(cancel->reason);
}

void JobProcessor::report_released(const std::string& model, WorkerObserver::Release how) const {
  if (context_.options.observer != nullptr) context_.options.observer->released(model, how);
}

std::unique_ptr<RunTrace> JobProcessor::trace(Envelope& envelope, std::uint64_t attempt) const {
  if (context_.options.tracer == nullptr) return nullptr;
  return context_.options.tracer->begin(envelope, "queue", static_cast<std::size_t>(attempt));
}

void JobProcessor::report_failed(const QueuedRun& run, const std::string& model) {
  if (context_.options.observer == nullptr || !run.error()) return;
  context_.options.observer->failed({.id = run.generation_id(),
                                     .model = model,
                                     .error = *run.error(),
                                     .attempt = static_cast<std::size_t>(run.attempt()),
                                     .worker = context_.process,
                                     .retried = run.retried()});
}

void JobProcessor::report_unrun(const AttemptRequest& request, std::uint64_t attempt,
                                const GenerationEvent::Payload& ending, const QueuedRun* run) const {
  WorkerObserver* const observer = context_.options.observer;
  if (observer == nullptr) return;
  const auto* const failed = std::get_if<event::Failed>(&ending);
  const std::string code = failed != nullptr ? failed->error.code.to_string() : std::string();
  const std::chrono::nanoseconds passed = context_.clock.now() - request.created_at;
  const std::chrono::nanoseconds waited = run != nullptr ? run->waited() : passed;
  observer->ended({.id = request.id,
                   .model = request.model,
                   .state = state_of(ending),
                   .error_code = code,
                   .waited = waited,
                   .ran = passed - waited});
  if (failed == nullptr) return;
  observer->failed({.id = request.id,
                    .model = request.model,
                    .error = failed->error,
                    .attempt = static_cast<std::size_t>(attempt),
                    .worker = context_.process});
}

void JobProcessor::report_ended(const QueuedRun& run, const std::string& model) {
  if (context_.options.observer == nullptr) return;
  const std::string& id = run.generation_id();
  const auto* failed = std::get_if<event::Failed>(&run.ending());
  const std::string code = failed != nullptr ? failed->error.code.to_string() : std::string();
  context_.options.observer->ended({.id = id,
                                    .model = model,
                                    .state = state_of(run.ending()),
                                    .error_code = code,
                                    .waited = run.waited(),
                                    .ran = run.ran()});
  if (failed != nullptr) report_failed(run, model);
}

}  // namespace shunt::executor
