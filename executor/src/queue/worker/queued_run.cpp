#include "queue/worker/queued_run.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/generation_deadline.hpp"
#include "queue/worker/job_outcome.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

// After an append whose fate is not known; appending the same batch again does no harm.
constexpr std::chrono::milliseconds kPauseAfterError{100};

std::chrono::milliseconds timeout_of(const Envelope& envelope) {
  if (!envelope.deadline) return std::chrono::hours(24);
  return time_until(*envelope.deadline, envelope.created_at);
}

}  // namespace

QueuedRun::QueuedRun(Services services, Envelope envelope, LogPosition position, JobAttempts attempts)
    : services_(services),
      id_(envelope.id.to_string()),
      created_at_(envelope.created_at),
      timeout_(timeout_of(envelope)),
      envelope_(std::move(envelope)),
      position_(position),
      on_lost_(envelope_.on_lost),
      attempts_(std::move(attempts)),
      feed_(services_.loop),
      outputs_({.loop = services_.loop,
                .records = services_.records,
                .artifacts = services_.artifacts,
                .files = services_.files,
                .faults = services_.faults,
                .max_inline_bytes = services_.max_inline_bytes,
                .memory = services_.memory,
                .attempt = position.attempt},
               id_, [this] { return abandoned(); }) {}

QueuedRun::~QueuedRun() = default;

namespace {

// All of it is kept by the one object.
SyncRun::Place place_of(const std::shared_ptr<WorkerModel>& model) {
  return {model, {model, &model->model}, {model, &model->slots}};
}

}  // namespace

bullmq::awaitable<QueuedRun::Outcome> QueuedRun::run(std::shared_ptr<WorkerModel> model,
                                                     EventLoop& generator_loop) {
  const auto self = shared_from_this();
  generation_ =
      std::make_shared<Generation>(envelope_, services_.clock, model->model.output, services_.memory);
  // What came from a producer may leave out what has a default.
  fill_defaults(model->model, envelope_.request.input);
  // It was checked when it was admitted, if that was done by Shunt: whoever reaches Redis can add a job.
  auto checked = check_input(model->model, envelope_.request);
  if (!checked) {
    generation_->fail(std::move(checked).error());
    const Outcome refused = co_await end_unrun();
    co_return refused;
  }
  feed_.follow(generation_->watch({.after_sequence = 1}));
  const auto left = time_until(created_at_ + timeout_, services_.clock.now());
  // It counts as admitted here as long ago as leaves it what is left of its time.
  const SteadyTime admitted_at = services_.clock.steady_now() + left - timeout_;
  auto run = std::make_shared<SyncRun>(place_of(model), std::move(envelope_), generation_, generator_loop,
                                       admitted_at, timeout_);
  running_ = run;
  if (left.count() <= 0) {
    // It waited for too long: it ends as it would have in line.
    generator_loop.post([run] {
      run->wait_in_line();
      run->request_stop(StopReason::kDeadline, {});
      run->stopped();
    });
  } else if (model->slots.take(run) == ModelSlots::Grant::kRunning) {
    generator_loop.post([run] { run->begin(); });
  } else {
    // A generator that does not let go holds its slot beyond the end of its generation.
    generator_loop.post([run] { run->wait_in_line(); });
  }
  run.reset();
  co_await forward();
  feed_.stop();
  co_return outcome();
}

bullmq::awaitable<QueuedRun::Outcome> QueuedRun::cancel_unrun(std::string reason) {
  const auto self = shared_from_this();
  generation_ = std::make_shared<Generation>(envelope_, services_.clock, OutputLimits{});
  generation_->cancel(reason);
  const Outcome ended = co_await end_unrun();
  co_return ended;
}

bullmq::awaitable<QueuedRun::Outcome> QueuedRun::end_unrun() {
  feed_.follow(generation_->watch({.after_sequence = 1}));
  co_await forward();
  feed_.stop();
  co_return outcome();
}

QueuedRun::Outcome QueuedRun::outcome() const {
  if (abandoned()) return Outcome::kLost;
  return retried() ? Outcome::kRetry : Outcome::kEnded;
}

void QueuedRun::cancel(const std::string& reason) {
  if (const auto run = running_.lock()) run->request_stop(StopReason::kCancelled, reason);
}

void QueuedRun::abandon(const std::string& reason) {
  enter(Phase::kAbandoned);
  if (const auto run = running_.lock()) run->request_stop(StopReason::kShutdown, reason);
  feed_.stop();
}

bullmq::awaitable<void> QueuedRun::forward() {
  while (!abandoned()) {
    std::vector<GenerationEvent> events = co_await feed_.next();
    if (abandoned() || events.empty()) co_return;
    co_await store_large(events);
    renumber(events);
    const bool retry = retries(events);
    const AppendAnswer answer = co_await append(events, retry);
    const auto* const appended = std::get_if<Appended>(&answer);
    if (appended == nullptr) {
      abandon("the generation is not this worker's any more");
      co_return;
    }
    if (retry && appended->cancel_reason) {
      // Nobody waits for another attempt.
      co_await end_as_cancelled(events.back().sequence + 1, *appended->cancel_reason);
      co_return;
    }
    if (events.back().terminal()) ending_ = std::move(events.back().payload);
    if (retry || feed_.ended() || !failure_.empty()) {
      enter(retry ? Phase::kRetried : Phase::kEnded);
      co_return;
    }
    if (appended->cancel_reason) cancel(*appended->cancel_reason);
  }
}

// What is too large for Redis goes to the artifact store, and its digest instead of it into the log. When the
// store does not take it, the attempt fails there, whatever the generator still has to say.
bullmq::awaitable<void> QueuedRun::store_large(std::vector<GenerationEvent>& events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    std::optional<Error> failure = co_await outputs_.store(events[i].payload);
    if (!failure) continue;
    if (const auto run = running_.lock()) run->request_stop(StopReason::kShutdown, failure->message);
    events.resize(i + 1);
    events.back().payload = event::Failed{std::move(*failure)};
    co_return;
  }
}

// This process counts its events from 1; the log goes on where it was.
void QueuedRun::renumber(std::vector<GenerationEvent>& events) const {
  for (GenerationEvent& event : events) {
    event.sequence = position_.sequence + event.sequence - 1;
    // The log has its `started` from an earlier attempt.
    if (position_.sequence > 1 && std::holds_alternative<event::Started>(event.payload)) {
      event.payload = event::Restarted{std::max<std::uint64_t>(position_.attempt, 2)};
    }
  }
}

// Whether the end of these events is not that of the generation, because the job will be tried again. The log
// says so instead.
bool QueuedRun::retries(std::vector<GenerationEvent>& events) {
  const auto* failed = std::get_if<event::Failed>(&events.back().payload);
  if (failed == nullptr) return false;
  const Error error = failed->error;
  error_ = error;
  failure_ = failed_reason(error.code, error.message);
  if (!may_run_again(on_lost_, Setback::kFailed)) return false;
  const auto left = created_at_ + timeout_ - services_.clock.now();
  const auto pause = next_attempt_in(attempts_, error, left);
  if (!pause) return false;
  events.back().payload = event::Log{"warn", retry_message(attempts_, error, *pause)};
  return true;
}

bullmq::awaitable<AppendAnswer> QueuedRun::append(const std::vector<GenerationEvent>& events, bool retry) {
  while (!abandoned()) {
    // Made anew for each try, since it is seldom more than one.
    LogBatch batch = make_batch(id_, position_.attempt, events);
    if (retry) batch.then = LogBatch::Then::kRetry;
    bool failed = false;
    AppendAnswer answer;
    try {
      answer = co_await services_.records.append(std::move(batch));
    } catch (...) {
      note_caught(services_.faults, "append");
      failed = true;
    }
    if (!failed) co_return answer;
    // For as long as the lock is ours: when it is lost, we are told.
    boost::asio::steady_timer pause(services_.loop.context(), kPauseAfterError);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  co_return AppendRefused{};
}

bullmq::awaitable<void> QueuedRun::end_as_cancelled(std::uint64_t sequence, std::string reason) {
  std::vector<GenerationEvent> events;
  events.push_back({sequence, services_.clock.now(), event::Cancelled{std::move(reason)}});
  const AppendAnswer answer = co_await append(events, false);
  if (!std::holds_alternative<Appended>(answer)) abandon("the generation is not this worker's any more");
  ending_ = std::move(events.back().payload);
  enter(Phase::kEnded);
}

std::chrono::nanoseconds QueuedRun::waited() const {
  const auto record = generation_->record(Generation::Detail::kSummary);
  const auto begun = record.started_at.value_or(record.finished_at.value_or(record.created_at));
  return std::chrono::nanoseconds(begun - record.created_at);
}

std::chrono::nanoseconds QueuedRun::ran() const {
  const auto record = generation_->record(Generation::Detail::kSummary);
  if (!record.started_at || !record.finished_at) return std::chrono::nanoseconds(0);
  return std::chrono::nanoseconds(*record.finished_at - *record.started_at);
}

}  // namespace shunt::executor
