#include "shunt/executor/queue_executor.hpp"

#include <stdexcept>
#include <utility>

#include "queue/services/queue_core.hpp"
#include "queue/services/queue_launch.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

class QueueExecutor final : public GenerationExecutor {
 public:
  QueueExecutor(const ModelRegistry& models, ArtifactStore& artifacts, QueueExecutorOptions options)
      : threads_(1) {
    threads_.at(0).run_on_thread([&] {
      core_ = std::make_shared<QueueCore>(models, artifacts, std::move(options), threads_.at(0));
      core_->start();
    });
  }

  ~QueueExecutor() override {
    threads_.at(0).run_on_thread([&] { core_->close(); });
    threads_.stop_and_join();
    core_->wait_for_files();
  }

  void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) override {
    const SteadyTime asked_at = core_->clock.steady_now();
    if (core_->draining) {
      return done(core_->refuse_early(request.model, asked_at,
                                      {std::string(error_code::kShuttingDown),
                                       "the service is shutting down and takes no new work", true},
                                      std::chrono::seconds(1)));
    }
    const Model* const model = core_->models.find(request.model);
    // Not the caller's text: metrics must not grow with it.
    if (model == nullptr)
      return done(core_->refuse_early("", asked_at, unknown_model(core_->models, request.model)));
    auto sealed =
        seal_request(*model, std::move(request), core_->options.admission, core_->ids, core_->clock);
    if (!sealed) return done(core_->refuse_early(model->name, asked_at, std::move(sealed).error()));
    core_->launch(
        [](std::shared_ptr<QueueCore> core, QueueCore::Submission to_submit, SteadyTime asked,
           std::function<void(SubmitOutcome)> tell) -> awaitable<void> {
          SubmitOutcome outcome = co_await core->submit(std::move(to_submit), asked);
          tell(std::move(outcome));
        },
        std::make_shared<const SealedRequest>(std::move(*sealed)), asked_at, std::move(done));
  }

  void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, GenerationId wanted,
           std::function<void(Result<FindOutcome>)> tell) -> awaitable<void> {
          Result<FindOutcome> outcome = co_await core->find(wanted);
          tell(std::move(outcome));
        },
        id, std::move(done));
  }

  void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, ListQuery wanted,
           std::function<void(Result<RecordPage>)> tell) -> awaitable<void> {
          Result<RecordPage> outcome = co_await core->list(std::move(wanted));
          tell(std::move(outcome));
        },
        query, std::move(done));
  }

  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<CancelOutcome>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, GenerationId wanted, std::string why,
           std::function<void(Result<CancelOutcome>)> tell) -> awaitable<void> {
          Result<CancelOutcome> outcome = co_await core->cancel(wanted, std::move(why));
          tell(std::move(outcome));
        },
        id, std::move(reason), std::move(done));
  }

  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<WatchOutcome>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, GenerationId wanted, WatchOptions how,
           std::function<void(Result<WatchOutcome>)> tell) -> awaitable<void> {
          Result<WatchOutcome> outcome = co_await core->watch(wanted, how);
          tell(std::move(outcome));
        },
        id, options, std::move(done));
  }

  void load(const Artifact& artifact,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, Artifact wanted,
           std::function<void(Result<std::shared_ptr<const std::string>>)> tell) -> awaitable<void> {
          auto bytes = co_await core->load(std::move(wanted));
          tell(std::move(bytes));
        },
        artifact, std::move(done));
  }

  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, Artifact wanted, std::size_t from, std::size_t size,
           std::function<void(Result<std::shared_ptr<const std::string>>)> tell) -> awaitable<void> {
          auto bytes = co_await core->read_part(std::move(wanted), from, size);
          tell(std::move(bytes));
        },
        artifact, offset, length, std::move(done));
  }

  void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, GenerationId wanted,
           std::function<void(Result<RequestOutcome>)> tell) -> awaitable<void> {
          Result<RequestOutcome> outcome = co_await core->request_of(wanted);
          tell(std::move(outcome));
        },
        id, std::move(done));
  }

  void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, GenerationId wanted,
           std::function<void(Result<RemoveOutcome>)> tell) -> awaitable<void> {
          Result<RemoveOutcome> outcome = co_await core->remove(wanted);
          tell(std::move(outcome));
        },
        id, std::move(done));
  }

  void fleet(std::function<void(Result<Fleet>)> done) override {
    core_->launch(
        [](std::shared_ptr<QueueCore> core, std::function<void(Result<Fleet>)> tell) -> awaitable<void> {
          Result<Fleet> seen = co_await core->fleet();
          tell(std::move(seen));
        },
        std::move(done));
  }

  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) override {
    if (core_->draining.exchange(true)) throw std::logic_error("GenerationExecutor::drain was called twice");
    core_->launch(
        [](std::shared_ptr<QueueCore> core, std::chrono::milliseconds patience,
           std::function<void(DrainReport)> tell) -> awaitable<void> {
          DrainReport report = co_await core->drain(patience);
          tell(report);
        },
        grace, std::move(done));
  }

  ExecutorDescription describe() const override { return core_->describe(); }

 private:
  EventLoopThreads threads_;
  std::shared_ptr<QueueCore> core_;
};

}  // namespace

std::unique_ptr<GenerationExecutor> make_queue_executor(const ModelRegistry& models, ArtifactStore& artifacts,
                                                        QueueExecutorOptions options) {
  return std::make_unique<QueueExecutor>(models, artifacts, std::move(options));
}

}  // namespace shunt::executor
