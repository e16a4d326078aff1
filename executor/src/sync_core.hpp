#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "model_slots.hpp"
#include "request_sealing.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "sync_run.hpp"

namespace shunt::executor {

// The runs that have not ended, by id.
class ActiveRuns {
 public:
  // False once closed.
  bool add(const std::shared_ptr<SyncRun>& run) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    runs_.emplace(run->generation()->id(), Entry{run, &run->slots()});
    return true;
  }
  // How many are left.
  std::size_t remove(const GenerationId& id) {
    const std::lock_guard lock(mutex_);
    runs_.erase(id);
    return runs_.size();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return runs_.empty();
  }
  [[nodiscard]] bool closed() const {
    const std::lock_guard lock(mutex_);
    return closed_;
  }
  // When the oldest run of each model was admitted.
  [[nodiscard]] std::map<const ModelSlots*, WallTime> oldest() const {
    std::map<const ModelSlots*, WallTime> admitted;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, run] : runs_) {
      const auto [known, first] = admitted.try_emplace(run.slots, id.created_at());
      if (!first) known->second = std::min(known->second, id.created_at());
    }
    return admitted;
  }
  [[nodiscard]] std::shared_ptr<SyncRun> find(const GenerationId& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = runs_.find(id);
    return found == runs_.end() ? nullptr : found->second.run.lock();
  }
  [[nodiscard]] std::vector<std::shared_ptr<SyncRun>> all() const {
    std::vector<std::shared_ptr<SyncRun>> runs;
    const std::lock_guard lock(mutex_);
    for (const auto& [id, entry] : runs_) {
      if (auto run = entry.run.lock()) runs.push_back(std::move(run));
    }
    return runs;
  }

 private:
  mutable std::mutex mutex_;
  struct Entry {
    std::weak_ptr<SyncRun> run;
    const ModelSlots* slots;
  };
  std::unordered_map<GenerationId, Entry> runs_;
  bool closed_ = false;
};

// A drain under way.
struct Drain {
  EventLoop& loop;
  std::function<void(DrainReport)> done;
  DrainReport report{};
  Timer grace{};
};

// Is told of the generations of a sync executor, on the thread where it happens; must be quick and must not
// call back into the executor.
class SyncRunWatcher {
 public:
  virtual ~SyncRunWatcher() = default;
  // It is accepted, and about to run or to stand in line.
  virtual void placed(const std::shared_ptr<Generation>& generation) = 0;
  // It has ended. Its store may let go of it right afterwards.
  virtual void ended(const std::shared_ptr<Generation>& generation) = 0;
};

// The slots of each model's name, of those that the registry has and of those that still run. They outlive a
// reload, so that what runs by the old settings takes its part of the new limits. Any thread.
class SlotTable {
 public:
  using Slots = std::map<std::string, std::shared_ptr<ModelSlots>, std::less<>>;
  [[nodiscard]] std::shared_ptr<ModelSlots> of(const Model& model);
  // Goes by the limits of these models, and starts what has a slot by them.
  void follow(const ModelSnapshot& models);
  [[nodiscard]] Slots all() const;

 private:
  mutable std::mutex mutex_;
  Slots slots_;
};

// Runs generations in this process (make_sync_executor). Outlives its executor for as long as a generator
// holds on to a run. Any thread.
class SyncCore final : public RunOwner, public std::enable_shared_from_this<SyncCore> {
 public:
  SyncCore(const ModelRegistry& models, GenerationStore& store, SyncExecutorOptions options,
           std::shared_ptr<GenerationIdSource> ids)
      : models_(models), store_(store), options_(std::move(options)), ids_(std::move(ids)) {
    slots_.follow(models.all());
    following_ = models.follow([this] { slots_.follow(models_.all()); });
  }
  // Before the first submit.
  void watch_runs(std::shared_ptr<SyncRunWatcher> watcher) { watcher_ = std::move(watcher); }

  SubmitOutcome submit(GenerationRequest&& request);
  // submit() in two steps, for whoever has something to do in between: what needs nothing but the request,
  // and the rest. `asked_at`: when submit() was called.
  using Sealing = std::variant<SealedRequest, SubmitOutcome>;
  [[nodiscard]] Sealing seal(GenerationRequest&& request, SteadyTime asked_at);
  SubmitOutcome submit_sealed(SealedRequest&& sealed, SteadyTime asked_at);
  // Outcomes that somebody else has decided on, told to the observer as this executor's.
  SubmitOutcome refuse(std::string_view model, SteadyTime asked_at, Error error,
                       std::optional<std::chrono::milliseconds> retry_after = {}) const;
  SubmitOutcome replay(std::string_view model, SteadyTime asked_at, const GenerationId& holder) const;

  Result<CancelOutcome> cancel(const GenerationId& id, std::string reason);
  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done);
  [[nodiscard]] ExecutorDescription describe() const;
  [[nodiscard]] FindOutcome look_up(const GenerationId& id) const;
  [[nodiscard]] Result<RequestOutcome> request_of(const GenerationId& id) const;
  [[nodiscard]] RemoveOutcome remove(const GenerationId& id);
  [[nodiscard]] bool was_of(const GenerationId& id, std::string_view caller) {
    return store_.was_of(id, caller);
  }
  [[nodiscard]] GenerationStore& store() const noexcept { return store_; }
  [[nodiscard]] const SyncExecutorOptions& options() const noexcept { return options_; }

  void run_ended(SyncRun& run) override;

 private:
  SubmitOutcome place(std::shared_ptr<SyncRun> run, ModelSlots& slots, SteadyTime asked_at,
                      const GenerationStore::AddOptions& adding);
  SubmitOutcome refuse_shutting_down(std::string_view model, SteadyTime asked_at) const;
  void report_submitted(std::string_view model, SteadyTime asked_at,
                        ExecutorObserver::Submitted::Outcome kind, std::string_view code = {}) const;
  static void report_trace(const SyncRun& run);
  void finish_drain_locked();

  const ModelRegistry& models_;
  GenerationStore& store_;
  const SyncExecutorOptions options_;
  const std::shared_ptr<GenerationIdSource> ids_;
  SlotTable slots_;
  ActiveRuns active_;
  std::shared_ptr<SyncRunWatcher> watcher_;
  std::mutex drain_mutex_;
  std::unique_ptr<Drain> drain_;
  ModelRegistry::Follower following_;  // the first to go
};

// An executor over it; both may be used side by side.
[[nodiscard]] std::unique_ptr<GenerationExecutor> make_sync_executor(std::shared_ptr<SyncCore> core);

}  // namespace shunt::executor
