#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>

#include "integration/bullmq/redis_process.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/function_generator.hpp"
#include "support/executor_client.hpp"
#include "support/fast_path.hpp"
#include "support/generation_requests.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

using bullmq::testing::RedisProcess;
using namespace std::chrono_literals;

// What breaks here is broken on purpose.
inline const bool kQuiet = (log::configure(log::Level::kError, log::Format::kText), true);

class EndCounter final : public executor::ExecutorObserver {
 public:
  void submitted(const Submitted& /*request*/) override {}
  void ended(const Ended& /*end*/) override { ++count_; }
  [[nodiscard]] int count() const { return count_; }

 private:
  std::atomic<int> count_ = 0;
};

// A queue executor and a worker of this process, with a Redis of the test's own between them. Both are made
// when a test asks for them.
class QueuePair : public ::testing::Test {
 protected:
  QueuePair() : loops_(2), client_(loops_) {
    std::string pattern = (std::filesystem::temp_directory_path() / "shunt-pair-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    auto artifacts = make_directory_artifact_store(folder_);
    artifacts_ = std::move(*artifacts);
    // Tests run beside others on a busy machine.
    queue_.enqueue_deadline = 5s;
    queue_.fast_path = fast_path_under_test();
    queue_.command_timeout = 5s;
    queue_.lock_duration = 10s;
    queue_.stalled_interval = 300ms;
    add_model("echo", [](GenerationRun& run) -> Json {
      run.delta("hello");
      return JsonObject{{"length", 5}};
    });
  }
  ~QueuePair() override {
    worker_.reset();
    executor_.reset();
    loops_.stop_and_join();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void add_model(std::string name, GenerateFunction function, std::chrono::milliseconds timeout = 60s) {
    Model model;
    model.name = std::move(name);
    model.driver = "function";
    model.generator = make_function_generator(std::move(function), 4);
    model.concurrency = 8;
    model.max_waiting = 2000;
    model.timeout = timeout;
    model.stop_grace = 200ms;
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }

  void start_executor(std::string url) {
    executor::QueueExecutorOptions options;
    options.queue = queue_;
    options.queue.redis_url = std::move(url);
    options.faults = &faults_;
    options.observer = &ends_;
    executor_ = executor::make_queue_executor(models_, *artifacts_, std::move(options));
    client_.use(*executor_);
  }
  void start_worker(const std::string& url) {
    executor::QueueWorkerOptions options;
    options.queue = queue_;
    options.queue.redis_url = url;
    options.faults = &faults_;
    worker_ = executor::make_queue_worker(models_, *artifacts_, loops_, std::move(options));
  }
  void start(const std::string& url) {
    start_executor(url);
    start_worker(url);
    wait_ready();
  }
  void wait_ready() {
    ASSERT_TRUE(eventually([this] { return executor_->describe().health == executor::Health::kReady; }))
        << executor_->describe().reason;
  }
  // The refusal's code and words, the operator's among them; "" if it was not refused.
  std::string refusal(GenerationRequest made) {
    const auto outcome = client_.submit(std::move(made));
    if (const auto* refused = std::get_if<executor::Refused>(&outcome))
      return refused->error.code.to_string() + ": " + log_text(refused->error);
    return {};
  }
  [[nodiscard]] std::string key(const std::string& rest) const { return queue_.prefix + rest; }

  [[nodiscard]] std::uint64_t faults_of(std::string_view name, FaultLog::Kind kind) const {
    for (const FaultLog::Count& count : faults_.counts()) {
      if (count.name == name && count.kind == kind) return count.count;
    }
    return 0;
  }

  FaultLog faults_;
  EndCounter ends_;  // that the executor reported
  std::filesystem::path folder_;
  EventLoopThreads loops_;
  ModelRegistry models_;
  std::unique_ptr<ArtifactStore> artifacts_;
  executor::QueueOptions queue_;
  ExecutorClient client_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
  std::unique_ptr<executor::QueueWorker> worker_;
};

}  // namespace shunt::testing
