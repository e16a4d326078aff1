#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "shunt/executor/generation_executor.hpp"

namespace shunt::executor {

// A test double: records what it is asked and answers what it is told; nothing runs. For testing callers of
// an executor (which outcome becomes which HTTP status), never as a strategy: configuration cannot choose it.
class RecordingExecutor final : public GenerationExecutor {
 public:
  // What submit() answers; the default refuses, so that a forgotten set-up is seen.
  std::function<SubmitOutcome(const GenerationRequest&)> on_submit;
  std::function<Result<FindOutcome>(const GenerationId&)> on_find;
  std::function<ExecutorDescription()> on_describe;
  std::function<Result<RequestOutcome>(const GenerationId&)> on_request_of;
  std::function<Result<RemoveOutcome>(const GenerationId&)> on_remove;
  std::vector<WorkerStatus> leased;

  [[nodiscard]] std::vector<GenerationRequest> submitted() const;
  [[nodiscard]] std::vector<GenerationId> cancelled() const;

  void submit(GenerationRequest request, std::function<void(SubmitOutcome)> done) override;
  void find(const GenerationId& id, std::function<void(Result<FindOutcome>)> done) override;
  void list(const ListQuery& query, std::function<void(Result<RecordPage>)> done) override;
  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<CancelOutcome>)> done) override;
  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<WatchOutcome>)> done) override;
  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override;
  void load(const Artifact& artifact,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override;
  void request_of(const GenerationId& id, std::function<void(Result<RequestOutcome>)> done) override;
  void remove(const GenerationId& id, std::function<void(Result<RemoveOutcome>)> done) override;
  void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) override;
  void fleet(std::function<void(Result<Fleet>)> done) override;
  void drain(std::chrono::milliseconds grace, std::function<void(DrainReport)> done) override;
  [[nodiscard]] ExecutorDescription describe() const override;

 private:
  mutable std::mutex mutex_;
  std::vector<GenerationRequest> submitted_;
  std::vector<GenerationId> cancelled_;
};

}  // namespace shunt::executor
