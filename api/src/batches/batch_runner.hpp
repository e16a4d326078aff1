#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "batches/batch_folder.hpp"
#include "batches/batch_run.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/event_loop.hpp"

namespace shunt::api::batches {

// Runs the batches of all callers that no other process runs, on a thread of its own.
class BatchRunner final : public RunOwner {
 public:
  // What is given outlives this.
  BatchRunner(BatchFolder folder, executor::GenerationExecutor& executor, const ModelRegistry& models,
              const LiveSettingsSource& live, const UrlSigner& urls, FileStore& files, MemoryBudget& memory,
              webhooks::Webhooks* webhooks);
  ~BatchRunner() override;

  [[nodiscard]] BatchFolder& folder() noexcept { return folder_; }
  // Something is new: a batch, or that one is to be cancelled. Any thread.
  void wake();

  // The process is about to end: no more lines begin. What runs goes on, and its results are written.
  void stop_beginning();
  // Lets go of all batches, behind the executor's drain.
  void stop();

  // Prometheus text format. Any thread.
  [[nodiscard]] std::string metrics_text() const;

 private:
  struct Pause {
    SteadyTime until;
    std::chrono::seconds next;
  };

  bool take_slot(const std::string& caller) override;
  void free_slot(const std::string& caller) override;
  void line_ended(const LineResult& result) override;
  void batch_ended(const Batch& batch) override;
  void over(const std::string& batch_id, std::optional<Error> why) override;

  void look();
  void look_at(const OpenBatch& batch);
  void look_again_in(std::chrono::seconds interval);
  void tick();
  void remove_old();

  BatchFolder folder_;
  const LiveSettingsSource& live_;
  const std::string process_;
  EventLoopThreads thread_{1};
  const std::shared_ptr<LoopGate> back_;
  const RunContext context_;

  // All of these on the loop's thread.
  std::map<std::string, std::unique_ptr<BatchRun>> runs_;
  std::map<std::string, Pause> paused_;  // of batches that could not go on
  std::map<std::string, std::size_t> slots_;
  Timer look_timer_;
  Timer tick_timer_;
  SteadyTime removed_at_{};
  bool stopping_ = false;

  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> running_batches_{0};
  std::atomic<std::uint64_t> running_lines_{0};
  std::atomic<std::uint64_t> faults_{0};
  std::atomic<std::uint64_t> lines_completed_{0};
  std::atomic<std::uint64_t> lines_failed_{0};
  std::array<std::atomic<std::uint64_t>, 8> ended_{};  // by status
};

}  // namespace shunt::api::batches
