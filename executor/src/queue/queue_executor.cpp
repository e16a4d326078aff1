#include "shunt/executor/queue_executor.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "queue/shared_services.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

// Services run on one thread of their own; every call here is launched there.
class QueueExecutor final : public GenerationExecutor {
 public:
  QueueExecutor(std::shared_ptr<SharedServices> services, std::shared_ptr<GenerationIdSource> ids)
      : shared_(std::move(services)), services_(&**shared_), ids_(std::move(ids)) {}

  void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) override {
    QueueContext& context = services_->context;
    const SteadyTime asked_at = context.clock.steady_now();
    if (draining_) {
      return done(services_->submitter.refuse_early(
          request.model, asked_at,
          {error_code::kShuttingDown, "the service is shutting down and takes no new work", Retryable::kYes},
          std::chrono::seconds(1)));
    }
    const auto model = context.models.find(request.model);
    // The model is not named by the caller's text: metrics must not grow with it.
    if (model == nullptr) {
      return done(
          services_->submitter.refuse_early("", asked_at, unknown_model(context.models, request.model)));
    }
    auto sealed = seal_request(model, std::move(request), context.options.admission, *ids_, context.clock);
    if (!sealed)
      return done(services_->submitter.refuse_early(model->name, asked_at, std::move(sealed).error()));
    auto submission = std::make_shared<SealedRequest>(std::move(*sealed));
    launch(services_->submitter.submit(std::move(submission), asked_at), std::move(done));
  }

  void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) override {
    launch(services_->reader.find(id), std::move(done));
  }

  void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) override {
    launch(services_->lister.list(query), std::move(done));
  }

  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<CancelOutcome>)> done) override {
    launch(services_->canceller.cancel(id, std::move(reason)), std::move(done));
  }

  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<WatchOutcome>)> done) override {
    launch(services_->follower.watch(id, options), std::move(done));
  }

  void load(const Artifact& artifact,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    launch(services_->reader.load(artifact), std::move(done));
  }

  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    launch(services_->reader.read_part(artifact, offset, length), std::move(done));
  }

  void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) override {
    launch(services_->reader.request_of(id), std::move(done));
  }

  void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) override {
    launch(services_->remover.remove(id), std::move(done));
  }

  void remove_broken(const GenerationId& id, std::optional<std::string> caller,
                     std::function<void(Result<RemoveOutcome>)> done) override {
    launch(services_->remover.remove_broken(id, std::move(caller)), std::move(done));
  }

  void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) override {
    launch(services_->reader.was_of(id, std::move(caller)), std::move(done));
  }

  void fleet(std::function<void(Result<Fleet>)> done) override {
    launch(services_->fleet.look(), std::move(done));
  }

  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) override {
    if (draining_.exchange(true)) throw std::logic_error("GenerationExecutor::drain was called twice");
    launch(services_->canceller.drain(grace), std::move(done));
  }

  ExecutorDescription describe() const override {
    ExecutorDescription description{.name = "queue", .mode = "queue", .reason = {}};
    services_->status.describe(description);
    description.running = services_->replicas.running();
    description.waiting = services_->replicas.waiting();
    description.broken_records = services_->context.broken.count();
    if (draining_) {
      description.health = Health::kDraining;
      description.reason = "the service is shutting down";
    }
    return description;
  }

 private:
  template <typename Outcome>
  void launch(bullmq::awaitable<Outcome> work, std::function<void(Outcome)> done) {
    shared_->launch(std::move(work), std::move(done));
  }

  const std::shared_ptr<SharedServices> shared_;
  QueueServices* const services_;
  const std::shared_ptr<GenerationIdSource> ids_;
  std::atomic<bool> draining_{false};
};

}  // namespace

std::unique_ptr<GenerationExecutor> make_queue_executor(std::shared_ptr<SharedServices> services,
                                                        std::shared_ptr<GenerationIdSource> ids) {
  return std::make_unique<QueueExecutor>(std::move(services), std::move(ids));
}

std::unique_ptr<GenerationExecutor> make_queue_executor(const ModelRegistry& models, ArtifactStore& artifacts,
                                                        QueueExecutorOptions options) {
  auto ids = std::make_shared<GenerationIdSource>(*options.clock);
  return make_queue_executor(std::make_shared<SharedServices>(models, artifacts, std::move(options)),
                             std::move(ids));
}

}  // namespace shunt::executor
