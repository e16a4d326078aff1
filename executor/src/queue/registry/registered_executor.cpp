#include "queue/registry/registered_executor.hpp"

#include <stdexcept>
#include <utility>

#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

using EnterOutcome = SyncRegistry::EnterOutcome;
using Observed = ExecutorObserver::Registry;

constexpr std::chrono::seconds kRetryAfter{1};
// What has ended is told to Redis within this time before the process goes.
constexpr std::chrono::seconds kLeave{2};

// A request on its way: sealed, and entered into Redis before it runs.
struct Submission {
  SealedRequest sealed;
  SteadyTime asked_at;
  bool respond_async;
  EventLoop& loop;  // of whoever submitted
  std::function<void(SubmitOutcome)> done;
};

SyncRegistry::Candidate candidate_of(const Submission& submission) {
  const SealedRequest& sealed = submission.sealed;
  SyncRegistry::Candidate candidate;
  candidate.id = sealed.envelope.id;
  candidate.model = sealed.envelope.request.model;
  candidate.caller = sealed.envelope.request.caller;
  candidate.created_at = sealed.envelope.created_at;
  candidate.timeout = sealed.timeout;
  candidate.head = encode_head(sealed.envelope);
  if (!sealed.key.key.empty())
    candidate.claim = {
        .name = claim_name(sealed.key), .fingerprint = sealed.fingerprint, .must_be_won = true};
  if (submission.respond_async) candidate.request = sealed.text;
  return candidate;
}

Error no_async(const std::string& why) {
  return {
      error_code::kQueueUnavailable,
      "the generation cannot be accepted with `respond-async` now, because no other process could answer for "
      "it: " +
          why,
      Retryable::kYes};
}

// A claim of this process alone does not keep another one from running the same key, and being billed for it.
bool needs_claim_in_redis(const SealedRequest& sealed) {
  return !sealed.key.key.empty() && !may_run_again(sealed.envelope.on_lost, Setback::kLost);
}

Error no_claim(const std::string& why) {
  return {error_code::kQueueUnavailable,
          "the Idempotency-Key cannot be claimed for all processes now, and the model runs nothing twice "
          "(on_lost = \"fail\"): " +
              why,
          Retryable::kYes};
}

// Where what a sync executor refuses, or replays, is not its own decision.
SubmitOutcome decided_elsewhere(const SyncCore& core, const Submission& submission,
                                const EnterOutcome& outcome, std::size_t max_claims) {
  const std::string& model = submission.sealed.envelope.request.model;
  const SteadyTime asked_at = submission.asked_at;
  if (const auto* held = std::get_if<KeyHeld>(&outcome)) return core.replay(model, asked_at, held->holder);
  if (const auto* conflict = std::get_if<KeyConflict>(&outcome))
    return core.refuse(model, asked_at, key_conflict(conflict->holder));
  if (const auto* failure = std::get_if<Error>(&outcome))
    return core.refuse(model, asked_at, *failure, kRetryAfter);
  if (const auto* away = std::get_if<SyncRegistry::RedisAway>(&outcome)) {
    Error error = submission.respond_async ? no_async(away->why) : no_claim(away->why);
    return core.refuse(model, asked_at, std::move(error), kRetryAfter);
  }
  return core.refuse(model, asked_at, caller_claims_full(max_claims), kRetryAfter);
}

class RegisteredExecutor final : public GenerationExecutor {
 public:
  RegisteredExecutor(std::shared_ptr<SyncCore> core, std::shared_ptr<SharedServices> services)
      : core_(std::move(core)),
        services_(std::move(services)),
        all_(&**services_),
        local_(make_sync_executor(core_)) {
    services_->run([this](QueueServices& all) { all.sync_registry.serve(core_); });
  }

  void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) override {
    const bool respond_async = request.respond_async;
    if (request.idempotency_key.empty() && !respond_async) return done(core_->submit(std::move(request)));
    const SteadyTime asked_at = core_->options().clock->steady_now();
    SyncCore::Sealing sealing = core_->seal(std::move(request), asked_at);
    if (auto* const refused = std::get_if<SubmitOutcome>(&sealing)) return done(std::move(*refused));
    EventLoop* const loop = EventLoop::current();
    if (loop == nullptr)
      throw std::logic_error("GenerationExecutor::submit must be called on an event loop thread");
    const auto submission = std::make_shared<Submission>(Submission{
        std::move(std::get<SealedRequest>(sealing)), asked_at, respond_async, *loop, std::move(done)});
    // This outlives all callbacks.
    std::function<void(EnterOutcome)> entered = [this, submission](EnterOutcome outcome) {
      submission->loop.post([this, submission, outcome = std::move(outcome)] {
        SubmitOutcome submitted = run_entered(*submission, outcome);
        submission->done(std::move(submitted));
      });
    };
    services_->launch(all_->sync_registry.enter(candidate_of(*submission)), std::move(entered));
  }

  void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) override {
    local_->find(id, std::move(done));
  }
  void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) override {
    local_->list(query, std::move(done));
  }
  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<CancelOutcome>)> done) override {
    local_->cancel(id, std::move(reason), std::move(done));
  }
  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<WatchOutcome>)> done) override {
    local_->watch(id, options, std::move(done));
  }
  void load(const Artifact& artifact,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    local_->load(artifact, std::move(done));
  }
  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    local_->read(artifact, offset, length, std::move(done));
  }
  void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) override {
    local_->request_of(id, std::move(done));
  }

  // From Redis first: what others can still find is not removed.
  void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) override {
    const GenerationStore::Lookup found = core_->store().find(id);
    const auto* const generation = std::get_if<std::shared_ptr<Generation>>(&found);
    if (generation == nullptr || !is_terminal((*generation)->state()))
      return local_->remove(id, std::move(done));
    services_->launch(remove_everywhere(id), std::move(done));
  }

  void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) override {
    local_->was_of(id, std::move(caller), std::move(done));
  }
  void fleet(std::function<void(Result<Fleet>)> done) override { local_->fleet(std::move(done)); }

  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) override {
    local_->drain(grace, [this, done = std::move(done)](DrainReport report) {
      services_->launch(leave(report), done);
    });
  }

  ExecutorDescription describe() const override { return local_->describe(); }

 private:
  // On the loop of whoever submitted.
  SubmitOutcome run_entered(Submission& submission, const EnterOutcome& outcome) {
    const bool away = std::holds_alternative<SyncRegistry::RedisAway>(outcome);
    const std::size_t max_claims = all_->context.options.queue.max_claims;
    if (!away && !std::holds_alternative<SyncRegistry::Entered>(outcome))
      return decided_elsewhere(*core_, submission, outcome, max_claims);
    const GenerationId id = submission.sealed.envelope.id;
    if (away && (submission.respond_async || needs_claim_in_redis(submission.sealed))) {
      if (submission.respond_async) observe(Observed::kAsyncRefused);
      withdraw(id);
      return decided_elsewhere(*core_, submission, outcome, max_claims);
    }
    SubmitOutcome submitted = core_->submit_sealed(std::move(submission.sealed), submission.asked_at);
    const auto* const accepted = std::get_if<Accepted>(&submitted);
    const bool runs = accepted != nullptr && !accepted->replayed;
    if (!runs) withdraw(id);
    if (runs && away) observe(Observed::kWeakClaim);
    return submitted;
  }

  void observe(Observed what) const {
    if (core_->options().observer != nullptr) core_->options().observer->registry(what);
  }

  void withdraw(const GenerationId& id) {
    all_->context.loop.post([registry = &all_->sync_registry, id] { registry->withdraw(id); });
  }

  bullmq::awaitable<Result<RemoveOutcome>> remove_everywhere(GenerationId id) {
    const bool told = co_await all_->sync_registry.settle(id);
    if (!told) {
      co_return Error{error_code::kQueueUnavailable,
                      "Redis, which has a record of the generation, cannot be told now: nothing was deleted",
                      Retryable::kYes};
    }
    Result<RemoveOutcome> removed = co_await all_->remover.remove(id);
    if (!removed || std::holds_alternative<NotEnded>(*removed)) co_return removed;
    // Its deletion is announced to this process, too, and may have come here before.
    const RemoveOutcome here = core_->remove(id);
    if (std::holds_alternative<Removed>(*removed)) co_return removed;
    co_return Result<RemoveOutcome>(here);
  }

  bullmq::awaitable<DrainReport> leave(DrainReport report) {
    co_await all_->sync_registry.leave(kLeave);
    co_return report;
  }

  const std::shared_ptr<SyncCore> core_;
  const std::shared_ptr<SharedServices> services_;
  QueueServices* const all_;
  const std::unique_ptr<GenerationExecutor> local_;
};

}  // namespace

std::unique_ptr<GenerationExecutor> make_registered_executor(std::shared_ptr<SyncCore> core,
                                                             std::shared_ptr<SharedServices> services) {
  return std::make_unique<RegisteredExecutor>(std::move(core), std::move(services));
}

}  // namespace shunt::executor
