#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "shunt/flip/flip_executor.hpp"
#include "shunt/flip/record.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/executor_client.hpp"
#include "support/generation_requests.hpp"
#include "support/manual_clock.hpp"
#include "support/recording_executor.hpp"
#include "unit/flip/record_in.hpp"

namespace shunt::flip {

using executor::Accepted;
using executor::Refused;
using executor::SubmitOutcome;
using executor::Unknown;
using shunt::testing::RecordingExecutor;
using shunt::testing::request;

// A FlipExecutor over two executors that answer what they are told. Both accept unless told otherwise.
class TwoRecordingExecutors : public ::testing::Test {
 protected:
  TwoRecordingExecutors() : client_(loops_) {
    Model model;
    model.name = "m";
    EXPECT_TRUE(models_.add(model).ok());
    sync_->on_submit = queue_->on_submit = [this](const GenerationRequest&) { return accept(); };
    queue_->on_describe = [this] { return queue_description_; };
    queue_description_.name = "queue";
  }
  ~TwoRecordingExecutors() override {
    if (executor_) client_.drain(std::chrono::milliseconds(0));
    loops_.stop_and_join();
  }

  // After this the two may be told other answers, and nothing else of the set-up changes.
  void begin_in(FlipState state, std::uint64_t max_in_flight = 0) {
    record_ = record_in(state, 0, Resting{FlipState::kCanary, 0});
    record_.plan.steps = {{.weight = Weight::all()}};
    record_.plan.max_in_flight = max_in_flight;
    snapshot_ = std::make_unique<CurrentSnapshot>(Snapshot(record_));
    observer_ = std::make_unique<FlipObserver>(nullptr, ModelPolicies{{"m", policy_}});
    FlipExecutorOptions options;
    options.sync.reset(sync_);
    options.queue.reset(queue_);
    options.snapshot = snapshot_.get();
    options.observer = observer_.get();
    options.models = &models_;
    options.policies = {{"m", policy_}};
    options.clock = &clock_;
    options.breaker_mode = breaker_mode_;
    options.wait_deadline = wait_deadline_;
    options.loop = &loops_.at(0);
    executor_ = make_flip_executor(std::move(options));
    client_.use(*executor_);
  }

  SubmitOutcome accept() {
    Envelope envelope;
    envelope.id = ids_.next();
    envelope.request.model = "m";
    const auto made =
        std::make_shared<Generation>(envelope, clock_, OutputLimits{}, MemoryBudget::unlimited());
    Accepted accepted{.id = envelope.id};
    accepted.watch = made->watch({});
    const std::lock_guard lock(mutex_);
    generations_.push_back(made);
    return accepted;
  }
  static SubmitOutcome refuse(ErrorCode code) {
    return Refused{{code, "as the test says", Retryable::kYes}, {}};
  }
  SubmitOutcome leave_unknown() { return Unknown{ids_.next(), {error_code::kQueueUnavailable, "no answer"}}; }

  // The end of the generation that was accepted as the n-th.
  void end(std::size_t n) {
    std::shared_ptr<Generation> ending;
    {
      const std::lock_guard lock(mutex_);
      ending = generations_.at(n);
    }
    (void)ending->start();
    (void)ending->succeed(nullptr);
    const std::string id = ending->id().to_string();
    const Admission admission;
    observer_->ended({.id = id,
                      .model = "m",
                      .path = "",
                      .state = GenerationState::kSucceeded,
                      .error_code = {},
                      .waited = {},
                      .ran = {},
                      .admission = admission});
  }

  [[nodiscard]] static ErrorCode refusal(const SubmitOutcome& outcome) {
    const auto* const refused = std::get_if<Refused>(&outcome);
    return refused == nullptr ? ErrorCode("not_refused") : refused->error.code;
  }
  [[nodiscard]] std::string last_reason(const RecordingExecutor& executor) const {
    const auto submitted = executor.submitted();
    return submitted.empty() ? "" : submitted.back().admission.value_or(Admission{}).reason;
  }

  shunt::testing::ManualClock clock_;
  GenerationIdSource ids_{clock_};
  EventLoopThreads loops_{2};
  ModelRegistry models_;
  ModelPolicy policy_;
  BreakerMode breaker_mode_ = BreakerMode::kNormal;
  std::chrono::milliseconds wait_deadline_{0};
  executor::ExecutorDescription queue_description_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Generation>> generations_;
  FlipRecord record_;
  std::unique_ptr<CurrentSnapshot> snapshot_;
  std::unique_ptr<FlipObserver> observer_;
  RecordingExecutor* sync_ = new RecordingExecutor;  // owned by executor_
  RecordingExecutor* queue_ = new RecordingExecutor;
  std::unique_ptr<FlipExecutor> executor_;
  shunt::testing::ExecutorClient client_;
};

}  // namespace shunt::flip
