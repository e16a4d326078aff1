#include "shunt/flip/flip_executor.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "ask_both.hpp"
#include "current_policies.hpp"
#include "decision_counter.hpp"
#include "merged_views.hpp"
#include "queue_path.hpp"
#include "queue_probes.hpp"

namespace shunt::flip {
namespace {

using executor::Accepted;
using executor::CancelOutcome;
using executor::DrainReport;
using executor::ExecutorDescription;
using executor::FindOutcome;
using executor::Fleet;
using executor::GenerationExecutor;
using executor::RecordPage;
using executor::RemoveOutcome;
using executor::RequestOutcome;
using executor::SubmitOutcome;
using executor::WatchOutcome;

using Bytes = Result<std::shared_ptr<const std::string>>;

std::optional<ExecutorKind> wanted_by(const GenerationRequest& request) noexcept {
  if (request.wanted_executor == executor_name(ExecutorKind::kSync)) return ExecutorKind::kSync;
  if (request.wanted_executor == executor_name(ExecutorKind::kQueue)) return ExecutorKind::kQueue;
  return std::nullopt;
}

// The drains of both executors and the end of the probes; the last one tells of all.
class JointDrain {
 public:
  JointDrain(int parts, std::function<void(DrainReport)> done) : done_(std::move(done)), left_(parts) {}
  void add(DrainReport report = {}) {
    {
      const std::lock_guard lock(mutex_);
      sum_.finished += report.finished;
      sum_.cancelled += report.cancelled;
      if (--left_ > 0) return;
    }
    done_(sum_);
  }

 private:
  const std::function<void(DrainReport)> done_;
  std::mutex mutex_;
  int left_;
  DrainReport sum_;
};

class TwoExecutors final : public FlipExecutor {
 public:
  explicit TwoExecutors(FlipExecutorOptions options)
      : options_(std::move(options)),
        sync_(*options_.sync),
        queue_(*options_.queue),
        draws_(*options_.clock),
        breaker_(options_.breaker, options_.breaker_mode, *options_.clock),
        policies_(options_.policies),
        path_(options_, breaker_, decisions_),
        probes_(std::make_shared<QueueProbes>(queue_, breaker_, options_.policies, *options_.clock,
                                              *options_.loop)) {
    breaker_.on_opened([this] { probes_->wake(); });
  }

  void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) override {
    auto policy = policies_.of(request.model);
    const auto snapshot = options_.snapshot->take();
    const Decision decision = decide_for(*snapshot, request, *policy);
    if (decision.executor == ExecutorKind::kQueue)
      return path_.submit(std::move(request), decision, std::move(policy), std::move(done));
    decisions_.add(decision);
    request.admission = admission_of(decision);
    if (options_.shadow == nullptr || snapshot->state() != FlipState::kShadow)
      return sync_.submit(std::move(request), std::move(done));
    submit_with_shadow(std::move(request), decision, std::move(done));
  }

  void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) override {
    ask_both<FindOutcome>(
        sync_, queue_, [id](GenerationExecutor& each, auto told) { each.find(id, std::move(told)); },
        std::move(done));
  }

  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<CancelOutcome>)> done) override {
    ask_both<CancelOutcome>(
        sync_, queue_,
        [id, reason = std::move(reason)](GenerationExecutor& each, auto told) {
          each.cancel(id, reason, std::move(told));
        },
        std::move(done));
  }

  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<WatchOutcome>)> done) override {
    ask_both<WatchOutcome>(
        sync_, queue_,
        [id, options](GenerationExecutor& each, auto told) { each.watch(id, options, std::move(told)); },
        std::move(done));
  }

  void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) override {
    ask_both<RequestOutcome>(
        sync_, queue_, [id](GenerationExecutor& each, auto told) { each.request_of(id, std::move(told)); },
        std::move(done));
  }

  void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) override {
    ask_both<RemoveOutcome>(
        sync_, queue_, [id](GenerationExecutor& each, auto told) { each.remove(id, std::move(told)); },
        std::move(done));
  }

  void remove_broken(const GenerationId& id, std::optional<std::string> caller,
                     std::function<void(Result<RemoveOutcome>)> done) override {
    ask_both<RemoveOutcome>(
        sync_, queue_,
        [id, caller = std::move(caller)](GenerationExecutor& each, auto told) {
          each.remove_broken(id, caller, std::move(told));
        },
        std::move(done));
  }

  void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) override {
    sync_.was_of(id, caller, [this, id, caller, done = std::move(done)](Result<bool> answer) mutable {
      if (answer && *answer) return done(true);
      queue_.was_of(id, std::move(caller), std::move(done));
    });
  }

  void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) override {
    sync_.list(query, [this, query, done = std::move(done)](Result<RecordPage> answer) mutable {
      // A list that leaves out what one of the two has would look like a whole one.
      if (!answer) return done(std::move(answer));
      queue_.list(query, [page = std::move(*answer), limit = query.limit,
                          done = std::move(done)](Result<RecordPage> other) mutable {
        if (!other) return done(std::move(other));
        done(merge(std::move(page), std::move(*other), limit));
      });
    });
  }

  // What a run in sync has made lies in this process or in a store that both sides know by its digest.
  void load(const Artifact& artifact, std::function<void(Bytes)> done) override {
    (artifact.bytes ? sync_ : queue_).load(artifact, std::move(done));
  }
  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Bytes)> done) override {
    (artifact.bytes ? sync_ : queue_).read(artifact, offset, length, std::move(done));
  }

  void fleet(std::function<void(Result<Fleet>)> done) override {
    const Traffic traffic = traffic_of(options_.snapshot->take()->state());
    sync_.fleet([this, traffic, done = std::move(done)](Result<Fleet> answer) mutable {
      if (!answer) return done(std::move(answer));
      queue_.fleet(
          [traffic, fleet = std::move(*answer), done = std::move(done)](Result<Fleet> other) mutable {
            if (!other) return done(std::move(other));
            done(merge(std::move(fleet), std::move(*other), traffic));
          });
    });
  }

  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) override {
    const auto joint = std::make_shared<JointDrain>(options_.shadow != nullptr ? 4 : 3, std::move(done));
    if (options_.shadow != nullptr) options_.shadow->drain([joint](const DrainReport&) { joint->add(); });
    sync_.drain(grace, [joint](DrainReport report) { joint->add(report); });
    queue_.drain(grace, [joint](DrainReport report) { joint->add(report); });
    probes_->stop([joint] { joint->add(); });
  }

  ExecutorDescription describe() const override {
    return merge(sync_.describe(), queue_.describe(), options_.snapshot->take()->state());
  }
  ExecutorDescription describe_queue() const override { return queue_.describe(); }
  const Shadow* shadow() const override { return options_.shadow.get(); }
  DecisionCounts decisions() const override { return decisions_.read(); }
  void probe(std::function<void(Result<void>)> done) override {
    probes_->send_one([done = std::move(done)](bool good) {
      done(good ? Result<void>()
                : Error{"probe_failed", "a probe did not come back through the queue in time",
                        Retryable::kYes});
    });
  }
  void use_models(ModelPolicies policies, ShadowOptions::Models shadows) override {
    options_.observer->use_policies(policies);
    probes_->use_policies(policies);
    policies_.replace(std::move(policies));
    if (options_.shadow != nullptr) options_.shadow->use_models(std::move(shadows));
  }
  SharedBreaker& breaker() override { return breaker_; }
  const SharedBreaker& breaker() const override { return breaker_; }

 private:
  // A copy is made before the request is handed on, and sent once that was accepted.
  void submit_with_shadow(GenerationRequest request, const Decision& decision,
                          std::function<void(SubmitOutcome)> done) {
    auto copy = options_.shadow->sample(request, draw_of(draws_.next()));
    if (!copy) return sync_.submit(std::move(request), std::move(done));
    sync_.submit(std::move(request), [this, copy = std::move(*copy), epoch = decision.epoch,
                                      done = std::move(done)](SubmitOutcome outcome) mutable {
      if (const auto* accepted = std::get_if<Accepted>(&outcome); accepted != nullptr && !accepted->replayed)
        options_.shadow->send(std::move(copy), accepted->id, epoch);
      done(std::move(outcome));
    });
  }

  // From 0 to below 1.
  static double draw_of(const GenerationId& id) {
    return static_cast<double>(bucket_of("shadow", id.to_string())) / Weight::kWhole;
  }

  [[nodiscard]] Decision decide_for(const Snapshot& snapshot, const GenerationRequest& request,
                                    const ModelPolicy& policy) {
    DecisionInput input;
    input.asker = {request.context.tenant, request.caller, request.idempotency_key, {}};
    input.rule = policy.rule;
    input.override_to = wanted_by(request);
    std::string draw;
    if (snapshot.state() == FlipState::kCanary) {
      input.canary_in_flight = options_.observer->canary().count(options_.clock->steady_now());
      draw = draws_.next().to_string();
      input.asker.draw = draw;
    }
    return decide(snapshot, input);
  }

  const FlipExecutorOptions options_;
  GenerationExecutor& sync_;
  GenerationExecutor& queue_;
  GenerationIdSource draws_;
  DecisionCounter decisions_;
  SharedBreaker breaker_;
  CurrentPolicies policies_;
  QueuePath path_;
  const std::shared_ptr<QueueProbes> probes_;
};

}  // namespace

std::unique_ptr<FlipExecutor> make_flip_executor(FlipExecutorOptions options) {
  return std::make_unique<TwoExecutors>(std::move(options));
}

}  // namespace shunt::flip
