#include "queue/services/submitter.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/job_options.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;

constexpr std::chrono::seconds kRetryAfter{1};
// Between two tries, or two looks at what a request of another process does with the same key. It doubles,
// and a signal from this process cuts it short.
constexpr std::chrono::milliseconds kFirstPause{25};
constexpr std::chrono::milliseconds kLongestPause{200};

Error no_worker(const Model& model) {
  return {error_code::kNoWorker,
          "no worker has told that it runs the model \"" + model.name + "\": start one, or try again later",
          Retryable::kYes};
}

// A job that fails has been begun, so one that may not run again has one attempt, whoever its worker is.
bullmq::JobOptions job_options(std::string id, OnLost on_lost, const QueueOptions& options) {
  bullmq::JobOptions job;
  job.job_id = std::move(id);
  const std::size_t attempts = may_run_again(on_lost, Setback::kFailed) ? options.attempts : 1;
  job.attempts = static_cast<std::int64_t>(attempts);
  bullmq::KeepJobs keep;
  keep.age = std::chrono::duration_cast<std::chrono::seconds>(options.retention);
  job.remove_on_complete = keep;
  job.remove_on_fail = keep;
  if (attempts > 1) {
    bullmq::Backoff backoff;
    backoff.type = "exponential";
    backoff.delay = options.backoff;
    job.backoff = backoff;
  }
  return job;
}

SubmitOutcome refuse(Error error, std::optional<std::chrono::milliseconds> retry_after = {}) {
  return Refused{std::move(error), retry_after};
}

// What Redis said, or its connection, is the operator's.
SubmitOutcome refuse_unavailable(std::string why) {
  Error error{error_code::kQueueUnavailable, "the queue cannot take the generation now", Retryable::kYes};
  return refuse(std::move(error).with_internal(std::move(why)), kRetryAfter);
}

SubmitOutcome unknown_outcome(const GenerationId& id, std::string why) {
  Error error{error_code::kQueueUnavailable, "the queue has not said in time", Retryable::kYes};
  return Unknown{id, std::move(error).with_internal(std::move(why))};
}

}  // namespace

Submitter::Submitter(QueueContext& context, QueueStatus& status, HealthProbe& probe, Replicas& replicas,
                     ReplicaFollower& follower, EndWriter& ends)
    : context_(context),
      status_(status),
      probe_(probe),
      replicas_(replicas),
      follower_(follower),
      ends_(ends),
      connection_changed_(context.loop),
      submit_ended_(context.loop) {}

void Submitter::start() {
  subscriptions_.push_back(context_.submit_connection.on_up().subscribe([this] {
    was_connected_ = true;
    connection_changed_.notify_all();
  }));
}

bullmq::Queue& Submitter::queue_of(const std::string& model) {
  const auto known = queues_.find(model);
  if (known != queues_.end()) return known->second;
  bullmq::QueueOptions queue;
  queue.prefix = context_.keys.prefix;
  queue.skip_metas_update = true;
  queue.fast_path = context_.options.queue.fast_path;
  return queues_
      .emplace(model,
               bullmq::Queue(context_.submit_connection.connection(), queue_name(model), std::move(queue)))
      .first->second;
}

void Submitter::stop() {
  stopped_ = true;
  subscriptions_.clear();
  connection_changed_.notify_all();
  submit_ended_.notify_all();
}

SubmitOutcome Submitter::refuse_early(std::string_view model, SteadyTime asked_at, Error error,
                                      std::optional<std::chrono::milliseconds> retry_after) const {
  SubmitOutcome outcome = Refused{std::move(error), retry_after};
  report(model, outcome, asked_at, std::chrono::nanoseconds(0));
  return outcome;
}

void Submitter::report(std::string_view model, const SubmitOutcome& outcome, SteadyTime asked_at,
                       std::chrono::nanoseconds enqueue) const {
  using Submitted = ExecutorObserver::Submitted;
  if (context_.options.observer == nullptr) return;
  Submitted report{
      .model = model, .path = "queue", .code = {}, .took = context_.clock.steady_now() - asked_at};
  report.enqueue = enqueue;
  if (const auto* refused = std::get_if<Refused>(&outcome)) {
    report.outcome = Submitted::Outcome::kRefused;
    report.code = refused->error.code;
  } else if (const auto* unknown = std::get_if<Unknown>(&outcome)) {
    report.outcome = Submitted::Outcome::kUnknown;
    report.code = unknown->error.code;
  } else if (std::get<Accepted>(outcome).replayed) {
    report.outcome = Submitted::Outcome::kReplayed;
  }
  context_.options.observer->submitted(report);
}

awaitable<SubmitOutcome> Submitter::submit(Submission sealed, SteadyTime asked_at) {
  const std::string name = sealed->envelope.request.model;
  std::chrono::nanoseconds enqueue{0};
  SubmitOutcome outcome = co_await decide(std::move(sealed), enqueue);
  if (auto* const accepted = std::get_if<Accepted>(&outcome)) accepted->enqueue = enqueue;
  submit_ended_.notify_all();
  report(name, outcome, asked_at, enqueue);
  co_return outcome;
}

awaitable<SubmitOutcome> Submitter::decide(Submission sealed, std::chrono::nanoseconds& enqueue_took) {
  const SteadyTime until = context_.clock.steady_now() + context_.options.queue.enqueue_deadline;
  // A process that has just begun to serve is about to be connected. One that has lost its connection is not
  // made to wait.
  if (!was_connected_) {
    std::function<bool()> settled = [this] { return was_connected_ || stopped_; };
    (void)co_await connection_changed_.wait_until(until, std::move(settled));
  }
  if (!context_.submit_connection.takes_commands()) co_return refuse_unavailable(status_.reason());
  std::string why;
  try {
    SubmitOutcome outcome = co_await decide_within(std::move(sealed), until, enqueue_took);
    co_return outcome;
  } catch (const std::exception& error) {
    note_caught(context_.faults, "submit");
    probe_.doubt();
    why = words_of(error);
  }
  co_return refuse_unavailable(std::move(why));
}

awaitable<SubmitOutcome> Submitter::decide_within(Submission sealed, SteadyTime until,
                                                  std::chrono::nanoseconds& enqueue_took) {
  const Clock& clock = context_.clock;
  const Model& model = *sealed->model;
  auto generation =
      std::make_shared<Generation>(sealed->envelope, clock, OutputLimits{}, *context_.options.memory);
  auto pause = kFirstPause;
  while (true) {
    Result<AdmitAnswer> answer = Error{};
    std::exception_ptr failure;
    try {
      answer = co_await admit(sealed);
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    if (failure) {
      // Whatever became of the record: without a job nothing will run.
      context_.launch(undo_admission(sealed->envelope.id.to_string(), claim_name(sealed->key)));
      std::rethrow_exception(failure);
    }
    if (!answer) co_return refuse(std::move(answer).error(), kRetryAfter);
    if (std::holds_alternative<Admitted>(*answer)) {
      const SteadyTime began = clock.steady_now();
      SubmitOutcome outcome = co_await enqueue(std::move(sealed), std::move(generation), until);
      enqueue_took = clock.steady_now() - began;
      co_return outcome;
    }
    const auto* const held = std::get_if<KeyHeld>(&*answer);
    if (held == nullptr) co_return refusal_of(model, *answer);
    if (!held->lost) co_return Accepted{.id = held->holder, .replayed = true};
    // The key's generation is not in the queue. Whoever claimed it may be about to add it, or to take it
    // back.
    if (clock.now() - held->holder.created_at() >= 2 * context_.options.queue.enqueue_deadline) {
      const GenerationId holder = held->holder;
      SubmitOutcome joined = co_await enqueue_for_holder(std::move(sealed), holder, until);
      co_return joined;
    }
    const SteadyTime now = clock.steady_now();
    if (now >= until)
      co_return refuse_unavailable("another request with this Idempotency-Key is being admitted");
    // Mostly the other request is one of this process.
    co_await submit_ended_.wait_for_change(std::min(until, now + pause));
    pause = std::min(2 * pause, kLongestPause);
  }
}

SubmitOutcome Submitter::refusal_of(const Model& model, const AdmitAnswer& answer) const {
  if (const auto* conflict = std::get_if<KeyConflict>(&answer)) return refuse(key_conflict(conflict->holder));
  if (const auto* busy = std::get_if<ModelBusy>(&answer))
    return refuse(model_busy(model, busy->slots), kRetryAfter);
  if (const auto* open = std::get_if<TooManyOpen>(&answer))
    return refuse(too_many_open(static_cast<std::size_t>(open->limit)), kRetryAfter);
  if (std::holds_alternative<ClaimsFull>(answer))
    return refuse(caller_claims_full(context_.options.queue.max_claims), kRetryAfter);
  return refuse(no_worker(model), kRetryAfter);
}

awaitable<Result<AdmitAnswer>> Submitter::admit(Submission sealed) {
  const Envelope& envelope = sealed->envelope;
  const Model& model = *sealed->model;
  AdmissionRequest request;
  request.id = envelope.id.to_string();
  request.model = envelope.request.model;
  request.head = encode_head(envelope);
  request.claim = claim_name(sealed->key);
  request.fingerprint = sealed->fingerprint;
  request.max_waiting = model.max_waiting;
  request.slots = model.concurrency;
  // It has ended by its deadline at the latest, and then some.
  request.ttl = sealed->timeout + context_.options.queue.retention;
  request.caller = envelope.request.caller;
  request.max_open = envelope.request.max_open;
  request.on_lost = envelope.on_lost;
  auto answer = co_await context_.submit_records.admit(std::move(request));
  if (!answer) context_.broken.tell("admission", envelope.id.to_string(), answer.error().message);
  co_return answer;
}

awaitable<SubmitOutcome> Submitter::enqueue(Submission sealed, std::shared_ptr<Generation> generation,
                                            SteadyTime until) {
  const std::string name = sealed->envelope.request.model;
  const GenerationId id = sealed->envelope.id;
  const auto replica = follower_.expect(std::move(generation), sealed->timeout);
  bullmq::JobOptions job = job_options(id.to_string(), sealed->envelope.on_lost, context_.options.queue);
  AddOutcome outcome = co_await add(name, std::move(job), std::move(sealed->text), until);
  if (outcome.added == Added::kUnknown) {
    std::string why = std::move(outcome.why);
    replica->settling = true;
    outcome = co_await settle(name, id.to_string(), std::move(why));
    if (outcome.added == Added::kRefused) {
      // Its record stays, for the job that comes there late.
      replicas_.remove(id.to_string());
      co_return refuse_unavailable(std::move(outcome.why));
    }
    follower_.settled(*replica);
  }
  if (outcome.added == Added::kYes) {
    Accepted accepted{.id = id};
    accepted.no_worker_yet = probe_.is_unserved(name);
    accepted.watch = replicas_.watch(replica, {}, context_.clock.steady_now());
    co_return accepted;
  }
  if (outcome.added == Added::kRefused) {
    replicas_.remove(id.to_string());
    context_.launch(undo_admission(id.to_string(), claim_name(sealed->key)));
    co_return refuse_unavailable(std::move(outcome.why));
  }
  co_return unknown_outcome(id, std::move(outcome.why));
}

// The key's generation exists, and whoever claimed it did not get as far as the queue: the job is added now,
// under the same id. Twice does no harm, since the queue knows the id.
awaitable<SubmitOutcome> Submitter::enqueue_for_holder(Submission sealed, GenerationId holder,
                                                       SteadyTime until) {
  Envelope envelope = sealed->envelope;
  envelope.id = holder;
  auto text = encode_envelope(envelope);
  if (!text) co_return refuse(std::move(text).error());
  bullmq::JobOptions job = job_options(holder.to_string(), envelope.on_lost, context_.options.queue);
  AddOutcome outcome = co_await add(envelope.request.model, std::move(job), std::move(*text), until);
  if (outcome.added == Added::kRefused) co_return refuse_unavailable(std::move(outcome.why));
  if (outcome.added == Added::kUnknown) co_return unknown_outcome(holder, std::move(outcome.why));
  // Somebody may have given it up in the meantime: its job will end without having run, and its key is free.
  std::optional<bool> given_up;
  std::string why;
  try {
    given_up = co_await context_.submit_records.was_given_up(holder.to_string());
  } catch (const bullmq::Error& error) {
    note_caught(context_.faults, "was_given_up");
    why = words_of(error);
  }
  // Its job is in the queue: whoever were told that it was refused could run it elsewhere, too.
  if (!given_up) co_return unknown_outcome(holder, std::move(why));
  if (*given_up) co_return refuse_unavailable("the generation of this key was given up just now");
  co_return Accepted{.id = holder, .replayed = true};
}

// Within the deadline, but for the last command, which may take half of it.
awaitable<Submitter::AddOutcome> Submitter::add(std::string model, bullmq::JobOptions job, std::string text,
                                                SteadyTime until) {
  const Clock& clock = context_.clock;
  bullmq::Queue& queue = queue_of(model);
  std::string why;
  bool unknown = false;
  auto pause = kFirstPause;
  while (true) {
    bool done = false;
    bool refused = false;
    try {
      co_await queue.add(model, text, job);
      done = true;
    } catch (const bullmq::ConnectionError& error) {
      why = words_of(error);
      unknown = unknown || error.fate() == bullmq::Fate::unknown;
    } catch (const bullmq::Error& error) {
      why = words_of(error);
      refused = true;
    }
    if (done) co_return AddOutcome{Added::kYes, {}};
    probe_.doubt();
    // An error of this one says nothing of an earlier one, whose answer was lost.
    if (refused) co_return AddOutcome{unknown ? Added::kUnknown : Added::kRefused, std::move(why)};
    if (clock.steady_now() >= until) break;
    // Sooner, when the connection is made again.
    co_await connection_changed_.wait_for_change(std::min(until, clock.steady_now() + pause));
    pause = std::min(2 * pause, kLongestPause);
    if (!unknown) continue;
    // Its fate is looked up before anything else happens.
    bool exists = false;
    try {
      exists = co_await context_.submit_records.job_exists(model, *job.job_id);
    } catch (const bullmq::Error& error) {
      why = words_of(error);
    }
    if (exists) co_return AddOutcome{Added::kYes, {}};
    if (clock.steady_now() >= until) break;
  }
  co_return AddOutcome{unknown ? Added::kUnknown : Added::kRefused, std::move(why)};
}

// Two that settle it for good, since both are compared in Redis: the job is there, so it is accepted; or the
// generation ends as one that never was in its queue, so that whatever takes a job that comes there later
// finds it ended, and its key is free. Who has won that may run the request elsewhere.
awaitable<Submitter::AddOutcome> Submitter::settle(std::string model, std::string id, std::string why) {
  const Clock& clock = context_.clock;
  const SteadyTime until = clock.steady_now() + context_.options.queue.enqueue_deadline;
  auto pause = kFirstPause;
  while (!stopped_) {
    try {
      // On another connection than the one that was lost.
      const bool exists = co_await context_.records.job_exists(model, id);
      if (exists) co_return AddOutcome{Added::kYes, {}};
      UnreportedGeneration never_came;
      const bool won = co_await ends_.report(id, std::move(never_came));
      if (won) co_return AddOutcome{Added::kRefused, "it did not come there: " + why};
    } catch (const bullmq::Error& error) {
      note_caught(context_.faults, "settle_submit");
      why = words_of(error);
    }
    if (clock.steady_now() >= until) break;
    co_await connection_changed_.wait_for_change(std::min(until, clock.steady_now() + pause));
    pause = std::min(2 * pause, kLongestPause);
  }
  co_return AddOutcome{Added::kUnknown, std::move(why)};
}

// Nobody waits for it: the caller's time may be over.
awaitable<void> Submitter::undo_admission(std::string id, std::string claim) {
  try {
    co_await context_.records.undo_admission(std::move(id), std::move(claim));
  } catch (...) {
    // It ends by itself, as what never was in its queue; a client that comes back with the same key takes it
    // over before.
    note_caught(context_.faults, "undo_admission");
  }
}

}  // namespace shunt::executor
