#include "queue_path.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "shunt/base/event_loop.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::flip {

using executor::Accepted;
using executor::Refused;
using executor::SubmitOutcome;
using executor::Unknown;

namespace {

// A generation whose end nobody tells has ended so long after its deadline at the latest: its worker has been
// found lost by then, or its generator has been left alone.
constexpr std::chrono::minutes kEndTold{2};
// As of the queue's own refusals.
constexpr std::chrono::seconds kRetryAfter{1};

// What plan.max_in_flight bounds.
bool is_of_canary(const Decision& decision) noexcept {
  return decision.reason == Reason::kSplit || decision.reason == Reason::kSplitNotSticky ||
         decision.reason == Reason::kAllowed;
}

// What became of a submit, if it is the queue's fault.
std::optional<Trouble> trouble_of(const SubmitOutcome& outcome) noexcept {
  if (std::holds_alternative<Unknown>(outcome)) return Trouble::kUnknown;
  if (health_of(enqueue_outcome(outcome)) == Health::kBad) return Trouble::kRefused;
  return std::nullopt;
}

SubmitOutcome refuse(std::string_view why) {
  return Refused{
      {error_code::kQueueUnavailable, "the queue is not asked now: " + std::string(why), Retryable::kYes},
      kRetryAfter};
}

}  // namespace

Admission admission_of(const Decision& decision) {
  return {.executor = std::string(executor_name(decision.executor)),
          .reason = std::string(reason_name(decision.reason)),
          .epoch = decision.epoch,
          .bucket = decision.bucket,
          .salt = decision.salt};
}

EnqueueOutcome enqueue_outcome(const SubmitOutcome& outcome) noexcept {
  if (std::holds_alternative<Accepted>(outcome)) return EnqueueOutcome::kAccepted;
  if (std::holds_alternative<Unknown>(outcome)) return EnqueueOutcome::kDeadline;
  // The queue's executor refuses with this code whatever its Redis does: not reached, full, read only,
  // loading. Every other refusal is about the request, or comes from a Redis that answers.
  return std::get<Refused>(outcome).error.code == error_code::kQueueUnavailable ? EnqueueOutcome::kUnreachable
                                                                                : EnqueueOutcome::kBadInput;
}

struct QueuePath::Attempt {
  Decision decision;
  std::shared_ptr<const ModelPolicy> policy;
  Done done;
  SteadyTime asked_at;
  EventLoop* loop = nullptr;  // of whoever asks: a fallback runs there, not on the queue's own
  std::uint64_t opening = 0;
  std::optional<GenerationRequest> again{};  // for a model that may fall back
  SteadyTime over{};                         // of the generation, if nobody tells
  std::shared_ptr<InFlight::Submission> canary{};
};

QueuePath::QueuePath(const FlipExecutorOptions& options, SharedBreaker& breaker, DecisionCounter& decisions)
    : options_(options), breaker_(breaker), decisions_(decisions), look_(*options.queue, *options.clock) {}

SteadyTime QueuePath::end_told_by(const GenerationRequest& request) const {
  const auto model = options_.models->find(request.model);
  const auto longest = model == nullptr ? std::chrono::milliseconds(0) : model->timeout;
  return options_.clock->steady_now() + std::min(request.options.timeout.value_or(longest), longest) +
         kEndTold;
}

bool QueuePath::is_down(const ModelPolicy& policy, const Model& model) {
  if (!policy.down.any()) return false;
  const auto deadline = options_.wait_deadline.count() > 0 ? options_.wait_deadline : model.timeout;
  return counts_as_down(policy.down, look_.of(model.name), deadline);
}

void QueuePath::submit(GenerationRequest request, const Decision& decision,
                       std::shared_ptr<const ModelPolicy> policy, Done done) {
  const auto model = options_.models->find(request.model);
  // The queue's executor knows best how to refuse it.
  if (model == nullptr) return options_.queue->submit(std::move(request), std::move(done));
  const auto attempt = std::make_shared<Attempt>(Attempt{.decision = decision,
                                                         .policy = std::move(policy),
                                                         .done = std::move(done),
                                                         .asked_at = options_.clock->steady_now(),
                                                         .loop = EventLoop::current()});
  const Breaker::Permit permit = breaker_.admit();
  if (permit.granted && !is_down(*attempt->policy, *model))
    return try_queue(std::move(request), attempt, permit.opening);
  SubmitOutcome refusal = refuse(permit.granted ? "no worker serves the model, or its jobs wait too long"
                                                : "too many of the last submits have failed");
  answer_down(attempt, Trouble::kNotTried, std::move(request), std::move(refusal));
}

void QueuePath::try_queue(GenerationRequest request, const Shared& attempt, std::uint64_t opening) {
  attempt->opening = opening;
  attempt->over = end_told_by(request);
  if (is_of_canary(attempt->decision))
    attempt->canary = options_.observer->canary().begin(options_.clock->steady_now());
  if (attempt->policy->on_queue_down == OnQueueDown::kSync) attempt->again = request;
  request.admission = admission_of(attempt->decision);
  options_.queue->submit(std::move(request),
                         [this, attempt](SubmitOutcome outcome) { came_back(attempt, std::move(outcome)); });
}

void QueuePath::came_back(const Shared& attempt, SubmitOutcome outcome) {
  breaker_.ended(enqueue_outcome(outcome), attempt->opening);
  const auto* const accepted = std::get_if<Accepted>(&outcome);
  if (accepted != nullptr && accepted->watch && attempt->canary)
    attempt->canary->accepted(accepted->id, *accepted->watch, attempt->over);
  const std::optional<Trouble> trouble = trouble_of(outcome);
  if (!trouble || !attempt->again) {
    decisions_.add(attempt->decision);
    return attempt->done(std::move(outcome));
  }
  // On the caller's loop: the queue's own is for the queue.
  auto held = std::make_shared<SubmitOutcome>(std::move(outcome));
  attempt->loop->post([this, attempt, trouble = *trouble, held] {
    answer_down(attempt, trouble, *std::move(attempt->again), std::move(*held));
  });
}

void QueuePath::answer_down(const Shared& attempt, Trouble trouble, GenerationRequest request,
                            SubmitOutcome otherwise) {
  InFlight* const fallbacks = options_.observer->fallbacks_of(request.model);
  const SteadyTime now = options_.clock->steady_now();
  // An unknown submit whose claim could be won has come here as a refused one: the queue's executor asks its
  // Redis for as long again. What is unknown now stays so, and the same key finds out.
  const QueueDownAnswer answer = answer_queue_down(
      {.policy = fallbacks == nullptr ? OnQueueDown::kRefuse : attempt->policy->on_queue_down,
       .trouble = trouble,
       .claim_won = false,
       .running = fallbacks == nullptr ? 0 : fallbacks->count(now),
       .concurrency = attempt->policy->fallback_concurrency});
  if (answer == QueueDownAnswer::kRunSync) {
    auto counted = fallbacks->begin(now, attempt->policy->fallback_concurrency);
    if (counted) {
      attempt->decision.executor = ExecutorKind::kSync;
      attempt->decision.reason =
          trouble == Trouble::kNotTried ? Reason::kFallbackBreaker : Reason::kFallbackBroker;
      attempt->decision.side = Side::kNone;
      return run_sync(attempt, std::move(request), std::move(counted));
    }
  }
  decisions_.add(attempt->decision);
  // What was tried, the queue's executor has told of.
  if (trouble == Trouble::kNotTried) {
    options_.observer->submitted({.model = request.model,
                                  .path = executor_name(ExecutorKind::kQueue),
                                  .outcome = executor::ExecutorObserver::Submitted::Outcome::kRefused,
                                  .code = error_code::kQueueUnavailable,
                                  .took = now - attempt->asked_at});
  }
  attempt->done(std::move(otherwise));
}

void QueuePath::run_sync(const Shared& attempt, GenerationRequest request,
                         std::shared_ptr<InFlight::Submission> counted) {
  decisions_.add(attempt->decision);
  request.admission = admission_of(attempt->decision);
  const SteadyTime over = end_told_by(request);
  options_.sync->submit(std::move(request),
                        [attempt, over, counted = std::move(counted)](SubmitOutcome outcome) {
                          const auto* const accepted = std::get_if<Accepted>(&outcome);
                          if (accepted != nullptr && accepted->watch)
                            counted->accepted(accepted->id, *accepted->watch, over);
                          attempt->done(std::move(outcome));
                        });
}

}  // namespace shunt::flip
