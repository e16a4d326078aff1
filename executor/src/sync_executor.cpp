#include "shunt/executor/sync_executor.hpp"

#include <utility>
#include <variant>

#include "shunt/base/json_memory.hpp"
#include "sync_core.hpp"

namespace shunt::executor {
namespace {

// A page is rendered in one go: about so much of values is gathered for it.
constexpr std::size_t kPageBytes = 256UL * 1024;

class SyncExecutor final : public GenerationExecutor {
 public:
  explicit SyncExecutor(std::shared_ptr<SyncCore> core) : core_(std::move(core)) {}

  void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) override {
    done(core_->submit(std::move(request)));
  }

  void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) override {
    done(core_->look_up(id));
  }

  void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) override {
    const ListPage page = core_->store().list(query);
    RecordPage records{.records = {}, .next = page.next};
    std::size_t bytes = 0;
    for (const auto& generation : page.generations) {
      if (bytes > kPageBytes) {
        records.next = records.records.back().id;
        break;
      }
      records.records.push_back(generation->record(Generation::Detail::kSummary));
      bytes += json_memory(records.records.back().metadata);
    }
    done(std::move(records));
  }

  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<CancelOutcome>)> done) override {
    done(core_->cancel(id, std::move(reason)));
  }

  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<WatchOutcome>)> done) override {
    const GenerationStore::Lookup found = core_->store().find(id);
    if (const auto* generation = std::get_if<std::shared_ptr<Generation>>(&found)) {
      return done(WatchOutcome((*generation)->watch(options)));
    }
    if (std::holds_alternative<GenerationGone>(found)) return done(WatchOutcome(GenerationGone{}));
    done(WatchOutcome(GenerationUnknown{}));
  }

  // All are here, with their records.
  void load(const Artifact& artifact,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    done(artifact.contents());
  }

  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override {
    done(artifact.part(offset, length));
  }

  void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) override {
    done(core_->request_of(id));
  }

  void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) override {
    done(core_->remove(id));
  }

  void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) override {
    done(core_->was_of(id, caller));
  }

  void fleet(std::function<void(Result<Fleet>)> done) override {
    done(Fleet{{}, core_->describe().models, {}});
  }

  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) override {
    core_->drain(grace, std::move(done));
  }

  ExecutorDescription describe() const override { return core_->describe(); }

 private:
  const std::shared_ptr<SyncCore> core_;
};

}  // namespace

std::unique_ptr<GenerationExecutor> make_sync_executor(std::shared_ptr<SyncCore> core) {
  return std::make_unique<SyncExecutor>(std::move(core));
}

std::unique_ptr<GenerationExecutor> make_sync_executor(const ModelRegistry& models, GenerationStore& store,
                                                       SyncExecutorOptions options) {
  auto ids = std::make_shared<GenerationIdSource>(*options.clock);
  return make_sync_executor(std::make_shared<SyncCore>(models, store, std::move(options), std::move(ids)));
}

}  // namespace shunt::executor
