#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "bullmq/job_options.hpp"
#include "queue/services/queue_core.hpp"
#include "queue/services/queue_launch.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

constexpr std::chrono::seconds kRetryAfter{1};
// Between two tries, or looks at what another request does with the same key.
constexpr std::chrono::milliseconds kPause{20};

// The name of a claim: callers' keys may be anything, and never meet.
std::string claim_name(const IdempotencyKey& key) {
  if (key.key.empty()) return {};
  return sha256_hex(std::to_string(key.caller.size()) + ':' + key.caller + key.key);
}

// How long a generation that has not ended is remembered: until its deadline at the latest, and then some.
std::chrono::milliseconds open_ttl(const SealedRequest& sealed, const QueueOptions& options) {
  return sealed.timeout + options.retention;
}

Error no_worker(const Model& model) {
  return {std::string(error_code::kNoWorker),
          "no worker has told that it runs the model \"" + model.name + "\": start one, or try again later",
          true};
}

Error claims_full(std::size_t limit) {
  Error error{std::string(error_code::kClaimsFull),
              "the caller holds its limit of " + std::to_string(limit) +
                  " idempotency keys of generations that are open or have just ended",
              true};
  return std::move(error).with("limit", limit);
}

bullmq::JobOptions job_options(std::string id, const QueueOptions& options) {
  bullmq::JobOptions job;
  job.job_id = std::move(id);
  job.attempts = static_cast<std::int64_t>(options.attempts);
  bullmq::KeepJobs keep;
  keep.age = std::chrono::duration_cast<std::chrono::seconds>(options.retention);
  job.remove_on_complete = keep;
  job.remove_on_fail = keep;
  if (options.attempts > 1) {
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

SubmitOutcome refuse_unavailable(std::string_view why) {
  Error error{std::string(error_code::kQueueUnavailable),
              "the queue cannot take the generation now: " + std::string(why), true};
  return refuse(std::move(error), kRetryAfter);
}

}  // namespace

SubmitOutcome QueueCore::refuse_early(std::string_view model, SteadyTime asked_at, Error error,
                                      std::optional<std::chrono::milliseconds> retry_after) const {
  SubmitOutcome outcome = Refused{std::move(error), retry_after};
  tell_submitted(model, outcome, asked_at, std::chrono::nanoseconds(0));
  return outcome;
}

void QueueCore::tell_submitted(std::string_view model, const SubmitOutcome& outcome, SteadyTime asked_at,
                               std::chrono::nanoseconds enqueue) const {
  using Told = ExecutorObserver::Submitted;
  if (options.observer == nullptr) return;
  Told told{.model = model, .path = "queue", .code = {}, .took = clock.steady_now() - asked_at};
  told.enqueue = enqueue;
  if (const auto* refused = std::get_if<Refused>(&outcome)) {
    told.outcome = Told::Outcome::kRefused;
    told.code = refused->error.code;
  } else if (const auto* unknown = std::get_if<Unknown>(&outcome)) {
    told.outcome = Told::Outcome::kUnknown;
    told.code = unknown->error.code;
  } else if (std::get<Accepted>(outcome).replayed) {
    told.outcome = Told::Outcome::kReplayed;
  }
  options.observer->submitted(told);
}

// A process that has just begun to serve is about to be connected. One that has lost its connection is not
// made to wait.
awaitable<void> QueueCore::wait_for_first_connection() {
  constexpr std::chrono::milliseconds kLook{5};
  const auto until = clock.steady_now() + options.queue.enqueue_deadline;
  boost::asio::steady_timer pause(loop.context());
  while (!was_connected_ && !closed_ && clock.steady_now() < until) {
    pause.expires_after(kLook);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

awaitable<SubmitOutcome> QueueCore::submit(Submission sealed, SteadyTime asked_at) {
  const std::string name = sealed->envelope.request.model;
  std::chrono::nanoseconds enqueue{0};
  SubmitOutcome outcome = co_await decide(std::move(sealed), enqueue);
  if (auto* const accepted = std::get_if<Accepted>(&outcome)) accepted->enqueue = enqueue;
  tell_submitted(name, outcome, asked_at, enqueue);
  co_return outcome;
}

awaitable<SubmitOutcome> QueueCore::decide(Submission sealed, std::chrono::nanoseconds& enqueue_took) {
  const SteadyTime until = clock.steady_now() + options.queue.enqueue_deadline;
  co_await wait_for_first_connection();
  if (!commands_.takes_commands()) {
    const ExecutorDescription description = describe();
    co_return refuse_unavailable(description.reason);
  }
  std::string why;
  try {
    SubmitOutcome outcome = co_await decide_within(std::move(sealed), until, enqueue_took);
    co_return outcome;
  } catch (const std::exception& error) {
    note_caught(faults, "submit");
    why = error.what();
  }
  co_return refuse_unavailable(why);
}

awaitable<SubmitOutcome> QueueCore::decide_within(Submission sealed, SteadyTime until,
                                                  std::chrono::nanoseconds& enqueue_took) {
  const Model& model = *models.find(sealed->envelope.request.model);
  auto generation = std::make_shared<Generation>(sealed->envelope, clock, OutputLimits{}, *options.memory);
  while (true) {
    Result<AdmitAnswer> answer = Error{};
    std::exception_ptr failure;
    try {
      answer = co_await admit(*sealed);
    } catch (const std::exception&) {
      failure = std::current_exception();
    }
    if (failure) {
      // Whatever became of the record: without a job nothing will run.
      withdraw_later(sealed->envelope.id.to_string(), claim_name(sealed->key));
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
    if (!held->lost) co_return Accepted{held->holder, true};
    // The key's generation is not in the queue. Whoever claimed it may be about to add it, or to take it
    // back.
    if (clock.now() - held->holder.created_at() >= 2 * options.queue.enqueue_deadline) {
      const GenerationId holder = held->holder;
      SubmitOutcome joined = co_await rejoin(std::move(sealed), holder, until);
      co_return joined;
    }
    if (clock.steady_now() >= until)
      co_return refuse_unavailable("another request with this Idempotency-Key is being admitted");
    boost::asio::steady_timer pause(loop.context(), kPause);
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
}

SubmitOutcome QueueCore::refusal_of(const Model& model, const AdmitAnswer& answer) const {
  if (const auto* conflict = std::get_if<KeyConflict>(&answer)) return refuse(key_conflict(conflict->holder));
  if (const auto* busy = std::get_if<ModelBusy>(&answer))
    return refuse(model_busy(model, busy->slots), kRetryAfter);
  if (const auto* open = std::get_if<TooManyOpen>(&answer))
    return refuse(too_many_open(static_cast<std::size_t>(open->limit)), kRetryAfter);
  if (std::holds_alternative<ClaimsFull>(answer))
    return refuse(claims_full(options.queue.max_claims), kRetryAfter);
  return refuse(no_worker(model), kRetryAfter);
}

awaitable<Result<AdmitAnswer>> QueueCore::admit(const SealedRequest& sealed) {
  const std::string& name = sealed.envelope.request.model;
  const Model& model = *models.find(name);
  AdmissionRequest request;
  request.id = sealed.envelope.id.to_string();
  request.model = name;
  request.head = encode_head(sealed.envelope);
  request.claim = claim_name(sealed.key);
  request.fingerprint = sealed.fingerprint;
  request.max_waiting = model.max_waiting;
  request.slots = model.concurrency;
  request.ttl = open_ttl(sealed, options.queue);
  request.caller = sealed.envelope.request.caller;
  request.max_open = sealed.envelope.request.max_open;
  auto answer = co_await submitting_.admit(std::move(request));
  if (!answer) broken_.tell("admission", sealed.envelope.id.to_string(), answer.error().message);
  co_return answer;
}

awaitable<SubmitOutcome> QueueCore::enqueue(Submission sealed, std::shared_ptr<Generation> generation,
                                            SteadyTime until) {
  const std::string name = sealed->envelope.request.model;
  const GenerationId id = sealed->envelope.id;
  // Before the job exists, because its first event may come as soon as it does.
  mind(*replicas_.add(std::move(generation), clock.steady_now() + sealed->timeout, clock.steady_now()));
  std::string why;
  const AddResult added = co_await add(name, id.to_string(), sealed->text, until, why);
  if (added == AddResult::kAdded) {
    Accepted accepted{id};
    accepted.no_worker_yet = unserved_.contains(name);
    co_return accepted;
  }
  if (added == AddResult::kRefused) {
    replicas_.remove(id.to_string());
    withdraw_later(id.to_string(), claim_name(sealed->key));
    co_return refuse_unavailable(why);
  }
  Error error{std::string(error_code::kQueueUnavailable), why, true};
  co_return Unknown{id, std::move(error)};
}

// The key's generation exists, and whoever claimed it did not get as far as the queue: the job is added now,
// under the same id. Twice does no harm, since the queue knows the id.
awaitable<SubmitOutcome> QueueCore::rejoin(Submission sealed, GenerationId holder, SteadyTime until) {
  Envelope envelope = sealed->envelope;
  envelope.id = holder;
  auto text = encode_envelope(envelope);
  if (!text) co_return refuse(std::move(text).error());
  std::string why;
  const AddResult added =
      co_await add(envelope.request.model, holder.to_string(), std::move(*text), until, why);
  if (added == AddResult::kAdded) {
    // Somebody may have given it up in the meantime: its job will end without having run, and its key is
    // free.
    const bool given_up = co_await submitting_.was_given_up(holder.to_string());
    if (given_up)
      co_return refuse_unavailable("the generation of this key was given up just now");
    co_return Accepted{holder, true};
  }
  if (added == AddResult::kRefused) co_return refuse_unavailable(why);
  Error error{std::string(error_code::kQueueUnavailable), why, true};
  co_return Unknown{holder, std::move(error)};
}

// Within the deadline, but for the last command, which may take half of it.
awaitable<QueueCore::AddResult> QueueCore::add(std::string model, std::string id, std::string text,
                                               SteadyTime until, std::string& why) {
  bullmq::Queue& queue = queues_.find(model)->second;
  const bullmq::JobOptions job = job_options(id, options.queue);
  bool unknown = false;
  while (true) {
    bool done = false;
    bool refused = false;
    try {
      co_await queue.add(model, text, job);
      done = true;
    } catch (const bullmq::ConnectionError& error) {
      why = error.what();
      unknown = unknown || error.fate() == bullmq::Fate::unknown;
    } catch (const bullmq::Error& error) {
      why = error.what();
      refused = true;
    }
    if (done) co_return AddResult::kAdded;
    // An error of this one says nothing of an earlier one, whose answer was lost.
    if (refused) co_return unknown ? AddResult::kUnknown : AddResult::kRefused;
    if (clock.steady_now() >= until) break;
    boost::asio::steady_timer pause(loop.context(), kPause);
    co_await pause.async_wait(boost::asio::use_awaitable);
    if (!unknown) continue;
    // Its fate is looked up before anything else happens.
    bool exists = false;
    try {
      exists = co_await submitting_.job_exists(model, id);
    } catch (const bullmq::Error& error) {
      why = error.what();
    }
    if (exists) co_return AddResult::kAdded;
    if (clock.steady_now() >= until) break;
  }
  co_return unknown ? AddResult::kUnknown : AddResult::kRefused;
}

// Nobody waits for it: the caller's time may be over.
void QueueCore::withdraw_later(std::string id, std::string claim) {
  launch(
      [](std::shared_ptr<QueueCore> self, std::string generation, std::string key) -> awaitable<void> {
        co_await self->withdraw(std::move(generation), std::move(key));
      },
      std::move(id), std::move(claim));
}

awaitable<void> QueueCore::withdraw(std::string id, std::string claim) {
  try {
    co_await records_.undo_admission(std::move(id), std::move(claim));
  } catch (...) {
    // It ends by itself, as what never was in its queue; a client that comes back with the same key takes it
    // over before.
    note_caught(faults, "withdraw");
  }
}

}  // namespace shunt::executor
