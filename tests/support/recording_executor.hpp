#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "shunt/executor/generation_executor.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

// Records what it is asked and answers what it is told; nothing runs. It is for tests of callers of an
// executor (which outcome becomes which HTTP status).
class RecordingExecutor final : public executor::GenerationExecutor {
 public:
  // What submit() answers; the default refuses, so that a forgotten set-up is seen.
  std::function<executor::SubmitOutcome(const GenerationRequest&)> on_submit;
  std::function<Result<executor::FindOutcome>(const GenerationId&)> on_find;
  std::function<executor::ExecutorDescription()> on_describe;
  std::function<Result<executor::RequestOutcome>(const GenerationId&)> on_request_of;
  std::function<Result<executor::RemoveOutcome>(const GenerationId&)> on_remove;
  std::function<Result<executor::RecordPage>(const ListQuery&)> on_list;
  std::function<Result<bool>(const GenerationId&)> on_was_of;
  std::vector<executor::WorkerStatus> leased;

  [[nodiscard]] std::vector<GenerationRequest> submitted() const;
  [[nodiscard]] std::vector<GenerationId> cancelled() const;

  void submit(GenerationRequest request, std::function<void(executor::SubmitOutcome)> done) override;
  void find(const GenerationId& id, std::function<void(Result<executor::FindOutcome>)> done) override;
  void list(const ListQuery& query, std::function<void(Result<executor::RecordPage>)> done) override;
  void cancel(const GenerationId& id, std::string reason,
              std::function<void(Result<executor::CancelOutcome>)> done) override;
  void watch(const GenerationId& id, const WatchOptions& options,
             std::function<void(Result<executor::WatchOutcome>)> done) override;
  void read(const Artifact& artifact, std::size_t offset, std::size_t length,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override;
  void load(const Artifact& artifact,
            std::function<void(Result<std::shared_ptr<const std::string>>)> done) override;
  void request_of(const GenerationId& id,
                  std::function<void(Result<executor::RequestOutcome>)> done) override;
  void remove(const GenerationId& id, std::function<void(Result<executor::RemoveOutcome>)> done) override;
  void was_of(const GenerationId& id, std::string caller, std::function<void(Result<bool>)> done) override;
  void fleet(std::function<void(Result<executor::Fleet>)> done) override;
  void drain(std::chrono::milliseconds grace, std::function<void(executor::DrainReport)> done) override;
  [[nodiscard]] executor::ExecutorDescription describe() const override;

 private:
  mutable std::mutex mutex_;
  std::vector<GenerationRequest> submitted_;
  std::vector<GenerationId> cancelled_;
};

}  // namespace shunt::testing
