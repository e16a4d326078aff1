#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/worker/job_outcome.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "queue/worker/unreadable_job.hpp"
#include "queue/worker/worker_process.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

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

// Where the attempt continues the log; nothing when there is none.
std::optional<QueuedRun::Place> place_in(const BeginAnswer& begun) {
  if (const auto* run = std::get_if<BeginRun>(&begun)) return QueuedRun::Place{run->attempt, run->sequence};
  if (const auto* run = std::get_if<BeginCancelled>(&begun))
    return QueuedRun::Place{run->attempt, run->sequence};
  return std::nullopt;
}

void tell_trace(RunTrace& trace, const QueuedRun& run, QueuedRun::End end) {
  const bool retried = end == QueuedRun::End::kRetry;
  const auto* failed = std::get_if<event::Failed>(&run.ending());
  // An attempt that will be repeated has no end of its own in the log.
  const std::string code = retried             ? run.generation().error_code()
                           : failed != nullptr ? failed->error.code
                                               : std::string();
  trace.ended({.state = retried ? GenerationState::kFailed : state_of(run.ending()),
               .error_code = code,
               .waited = run.waited(),
               .ran = run.ran(),
               .retried = retried});
}

}  // namespace

// Without the head, which nearly always is in Redis since the generation was admitted.
AttemptRequest WorkerCore::attempt_request(const Envelope& envelope, std::string lock_token) const {
  const auto left = envelope.deadline ? time_until(*envelope.deadline, clock_.now()) : std::chrono::hours(24);
  AttemptRequest request;
  request.id = envelope.id.to_string();
  request.model = envelope.request.model;
  request.ttl =
      std::max<std::chrono::milliseconds>(left, std::chrono::milliseconds(0)) + options_.queue.retention;
  request.created_at = envelope.created_at;
  request.lock_token = std::move(lock_token);
  return request;
}

// Until Redis has answered, or the job is not ours any more.
awaitable<BeginAnswer> WorkerCore::begin(const Envelope& envelope, bullmq::Job job, std::stop_token stop) {
  AttemptRequest request = attempt_request(envelope, job.token());
  while (!closed_ && !stop.stop_requested()) {
    AttemptRequest copy = request;
    Result<BeginAnswer> answer = Error{};
    try {
      answer = co_await records_.begin(std::move(copy));
    } catch (...) {
      // No connection, or a server that takes no writes now: it is full, loading, or a replica.
      note_caught(faults_, "begin");
    }
    if (answer && std::holds_alternative<BeginWantsHead>(*answer)) {
      request.head = encode_head(envelope);
      continue;
    }
    if (answer) co_return std::move(*answer);
    // Trying again does not mend a record.
    if (answer.error().code == error_code::kBrokenRecord)
      throw bullmq::UnrecoverableError(answer.error().code + ": " + answer.error().message);
    boost::asio::steady_timer pause(loop_.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return BeginNotYours{};
}

// What cannot be read ends visibly: at once, or when no worker of its version has come for it in time.
awaitable<void> WorkerCore::let_unreadable_go(bullmq::Job job, std::string model, Error problem) {
  const UnreadableJob decision =
      decide_unreadable(problem, job.data(), job.record().attempts_started, clock_.now());
  if (const auto* given_up = std::get_if<GiveJobUp>(&decision)) {
    log::warn("worker.job_unreadable", {{"model", model}, {"job", job.id()}, {"error", given_up->reason}});
    tell_let_go(model, WorkerObserver::LetGo::kUnreadable);
    throw bullmq::UnrecoverableError(given_up->reason);
  }
  const auto delay = std::get<PutJobBack>(decision).delay;
  log::warn("worker.envelope_put_back",
            {{"model", model}, {"job", job.id()}, {"for_ms", delay.count()}, {"error", problem.message}});
  tell_let_go(model, WorkerObserver::LetGo::kPutBack);
  try {
    co_await job.move_to_delayed((clock_.now() + delay).time_since_epoch().count(), job.token());
  } catch (...) {
    // It is found to be stalled then.
    note_caught(faults_, "put_back");
  }
  throw bullmq::DelayedError();
}

// Back to the front of its queue, so that another attempt begins at once. If the lock is lost it is there
// already, or will be when the job is found to be stalled.
awaitable<void> WorkerCore::give_back(bullmq::Job job) {
  try {
    co_await job.move_to_wait(job.token());
  } catch (...) {
    note_caught(faults_, "give_back");
  }
}

awaitable<std::string> WorkerCore::process(bullmq::Job job, std::stop_token stop, std::string model) {
  const auto self = shared_from_this();
  // `stop` tells of a lost lock and of the worker's end; what is to be done then must not be interrupted.
  const auto never = boost::asio::disable_cancellation();
  co_await boost::asio::this_coro::reset_cancellation_state(never);
  auto envelope = decode_envelope(job.data());
  if (!envelope) co_await let_unreadable_go(job, model, envelope.error());
  if (envelope->id.to_string() != job.id()) {
    const std::string expected = "the job's id must be its envelope's: " + envelope->id.to_string();
    co_await let_unreadable_go(job, model, invalid_field("/id", expected));
  }
  note_claim();
  const BeginAnswer begun = co_await begin(*envelope, job, stop);
  if (const auto* ended = std::get_if<BeginEnded>(&begun)) {
    const JobOutcome outcome = co_await outcome_elsewhere(envelope->id.to_string(), ended->state);
    co_return end_job(outcome);
  }
  QueuedRun::End end = QueuedRun::End::kLost;
  std::shared_ptr<QueuedRun> attempt;
  std::unique_ptr<RunTrace> traced;
  if (const auto place_of = place_in(begun)) {
    if (options_.observer != nullptr) options_.observer->claimed(model, place_of->attempt);
    QueuedRun::Services services{loop_,
                                 records_,
                                 artifacts_,
                                 files_,
                                 clock_,
                                 faults_,
                                 options_.queue.max_inline_bytes,
                                 *options_.memory};
    traced = trace(*envelope, place_of->attempt);
    attempt =
        std::make_shared<QueuedRun>(std::move(services), std::move(*envelope), *place_of, attempts_of(job));
    end = co_await run(attempt, begun, model, stop);
  }
  if (end == QueuedRun::End::kLost) {
    if (stopping_) ++given_back_;
    const bool ours = stop.stop_requested() && stopping_;
    const auto how = ours ? WorkerObserver::LetGo::kGivenBack : WorkerObserver::LetGo::kLost;
    tell_let_go(model, how);
    if (traced) traced->let_go(how);
    co_await give_back(job);
    throw bullmq::WaitingError();
  }
  if (traced) tell_trace(*traced, *attempt, end);
  // With attempts left it comes again after its backoff, as its log says.
  if (end == QueuedRun::End::kRetry) {
    tell_failed(*attempt, model);
    throw bullmq::Error(attempt->failure());
  }
  tell_ended(*attempt, model);
  co_return end_job(
      job_outcome(attempt->ending(), attempt->generation().record(), options_.queue.max_inline_bytes));
}

awaitable<std::optional<StoredGeneration>> WorkerCore::read_generation(std::string id) {
  auto outcome = co_await records_.read(std::move(id), GenerationRecords::Follow::kNo);
  auto* const stored = outcome ? std::get_if<StoredGeneration>(&*outcome) : nullptr;
  if (stored == nullptr) co_return std::nullopt;
  co_return std::move(*stored);
}

// Its log has an end that somebody else has written: a worker that was lost before it could end the job, or
// whoever cancelled it, or noticed that its time was over. BullMQ is told what was told then.
awaitable<JobOutcome> WorkerCore::outcome_elsewhere(std::string id, std::string state) {
  try {
    auto stored = co_await read_generation(id);
    if (stored) {
      JobOutcome outcome = outcome_of_stored(std::move(*stored), options_.queue.max_inline_bytes);
      co_return outcome;
    }
  } catch (...) {
    note_caught(faults_, "ended_elsewhere");
  }
  GenerationRecord record;
  record.state = parse_generation_state(state).value_or(GenerationState::kFailed);
  record.cancel_reason = "it had ended before a worker could end its job";
  JobOutcome outcome = job_outcome(record, options_.queue.max_inline_bytes);
  co_return outcome;
}

awaitable<QueuedRun::End> WorkerCore::run(std::shared_ptr<QueuedRun> run, const BeginAnswer& begun,
                                          std::string model, std::stop_token stop) {
  const std::string id = run->generation_id();
  runs_[id] = run;
  // The lock was lost, or this worker closes: either way the job is not ours any more.
  const std::stop_callback abandon(stop, [&run] { run->abandon("the worker lost the generation"); });
  QueuedRun::End end = QueuedRun::End::kLost;
  if (const auto* cancelled = std::get_if<BeginCancelled>(&begun)) {
    end = co_await run->cancel_unrun(cancelled->reason);
  } else {
    end = co_await run->run(models_.at(model), generator_loops_.pick());
  }
  // Unless the job was lost and has come back to us meanwhile.
  const auto entry = runs_.find(id);
  if (entry != runs_.end() && entry->second == run) runs_.erase(entry);
  co_return end;
}

void WorkerCore::on_message(const std::string& id, const std::string& message) {
  const auto run = runs_.find(id);
  if (run == runs_.end()) return;
  const auto notification = decode_notification(message);
  const auto* const cancel = notification ? std::get_if<CancelRequested>(&*notification) : nullptr;
  if (cancel != nullptr) run->second->cancel(cancel->reason);
}

void WorkerCore::tell_let_go(const std::string& model, WorkerObserver::LetGo how) const {
  if (options_.observer != nullptr) options_.observer->let_go(model, how);
}

std::unique_ptr<RunTrace> WorkerCore::trace(Envelope& envelope, std::uint64_t attempt) const {
  if (options_.tracer == nullptr) return nullptr;
  return options_.tracer->begin(envelope, "queue", static_cast<std::size_t>(attempt));
}

void WorkerCore::tell_failed(const QueuedRun& run, const std::string& model) {
  if (options_.observer == nullptr || !run.error()) return;
  options_.observer->failed({.id = run.generation_id(),
                             .model = model,
                             .error = *run.error(),
                             .attempt = static_cast<std::size_t>(run.attempt()),
                             .worker = process_,
                             .retried = run.retried()});
}

void WorkerCore::tell_ended(const QueuedRun& run, const std::string& model) {
  if (options_.observer == nullptr) return;
  const std::string& id = run.generation_id();
  const auto* failed = std::get_if<event::Failed>(&run.ending());
  const std::string code = failed != nullptr ? failed->error.code : std::string();
  options_.observer->ended({.id = id,
                            .model = model,
                            .state = state_of(run.ending()),
                            .error_code = code,
                            .waited = run.waited(),
                            .ran = run.ran()});
  if (failed != nullptr) tell_failed(run, model);
}

}  // namespace shunt::executor
