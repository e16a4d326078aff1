#pragma once

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "integration/bullmq/redis_process.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/executor_pair.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/function_generator.hpp"
#include "support/executor_client.hpp"
#include "support/generation_requests.hpp"
#include "support/hold.hpp"
#include "support/namespace.hpp"

namespace shunt::testing {

using bullmq::testing::RedisProcess;
using namespace std::chrono_literals;
using Registry = executor::ExecutorObserver::Registry;

// What breaks here is broken on purpose.
inline const bool kQuietRegistry = (log::configure(log::Level::kError, log::Format::kText), true);

class RegistryCounts final : public executor::ExecutorObserver {
 public:
  void submitted(const Submitted& /*request*/) override {}
  void ended(const Ended& end) override {
    const std::lock_guard lock(mutex_);
    ++ends_[std::string(end.id)];
  }
  void registry(Registry what) override { ++counts_.at(static_cast<std::size_t>(what)); }
  [[nodiscard]] int ends_of(const GenerationId& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = ends_.find(id.to_string());
    return found == ends_.end() ? 0 : found->second;
  }
  [[nodiscard]] int of(Registry what) const { return counts_.at(static_cast<std::size_t>(what)); }

 private:
  std::array<std::atomic<int>, 6> counts_{};
  mutable std::mutex mutex_;
  std::map<std::string, int> ends_;
};

// As one API process: a sync and a queue executor over one connection to Redis.
struct ApiProcess {
  ApiProcess(EventLoopThreads& loops, const ModelRegistry& models, ArtifactStore& artifacts,
             const executor::QueueOptions& redis)
      : store(make_memory_store(system_clock(), {})), sync(loops), queue(loops) {
    executor::QueueExecutorOptions options;
    options.queue = redis;
    options.observer = &counts;
    options.faults = &faults;
    pair = executor::make_executor_pair(models, *store, artifacts, {.observer = &counts}, std::move(options));
    sync.use(*pair.sync);
    queue.use(*pair.queue);
  }
  void wait_ready() {
    ASSERT_TRUE(eventually([this] { return pair.queue->describe().health == executor::Health::kReady; }))
        << pair.queue->describe().reason;
  }
  // As a process that is killed: what it runs has no end.
  void die() {
    pair.sync.reset();
    pair.queue.reset();
  }

  RegistryCounts counts;
  FaultLog faults;
  std::unique_ptr<GenerationStore> store;
  executor::ExecutorPair pair;
  ExecutorClient sync;
  ExecutorClient queue;
};

// Several API processes in this one, over a Redis of the test's own.
class RegistryTest : public ::testing::Test {
 protected:
  RegistryTest() : loops_(2) {
    std::string pattern = (std::filesystem::temp_directory_path() / "shunt-registry-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    auto artifacts = make_directory_artifact_store(folder_);
    artifacts_ = std::move(*artifacts);
    // Tests run beside others on a busy machine.
    queue_.enqueue_deadline = 5s;
    queue_.command_timeout = 5s;
    queue_.lease = 10s;
    add_model("echo", [](GenerationRun& run) -> Json {
      run.delta("hello");
      return JsonObject{{"length", 5}};
    });
    add_model("long", [](GenerationRun& run) -> Json {
      for (int i = 0; i < 100; ++i) run.delta(std::string(100, static_cast<char>('a' + i % 26)));
      return JsonObject{{"pieces", 100}};
    });
    add_model("gated", [this](GenerationRun& run) -> Json {
      run.delta("before ");
      hold_.wait(run.stop_token());
      run.delta("after");
      return nullptr;
    });
    add_model("file", [](GenerationRun& run) -> Json {
      run.artifact(
          {"data.bin", "application/octet-stream", std::make_shared<const std::string>(70'000, 'x')});
      return Json(std::string(400'000, 'r'));
    });
  }
  ~RegistryTest() override {
    hold_.release();
    for (const auto& process : processes_) process->die();
    worker_.reset();
    loops_.stop_and_join();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void add_model(std::string name, GenerateFunction function) {
    Model model;
    model.name = std::move(name);
    model.driver = "function";
    model.generator = make_function_generator(std::move(function), 4);
    model.concurrency = 4;
    model.max_waiting = 2000;
    model.timeout = 60s;
    model.stop_grace = 200ms;
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }
  ApiProcess& start(const std::string& url) {
    executor::QueueOptions queue = queue_;
    queue.redis_url = url;
    processes_.push_back(std::make_unique<ApiProcess>(loops_, models_, *artifacts_, queue));
    return *processes_.back();
  }
  ApiProcess& start_ready(const std::string& url) {
    ApiProcess& process = start(url);
    process.wait_ready();
    return process;
  }
  void start_worker(const std::string& url) {
    executor::QueueWorkerOptions options;
    options.queue = queue_;
    options.queue.redis_url = url;
    worker_ = executor::make_queue_worker(models_, *artifacts_, loops_, std::move(options));
  }
  static GenerationRequest keyed(std::string model, std::string key, JsonObject input = {}) {
    GenerationRequest made = request(std::move(model), std::move(input));
    made.idempotency_key = std::move(key);
    return made;
  }
  static GenerationRequest in_background(std::string model) {
    GenerationRequest made = request(std::move(model));
    made.respond_async = true;
    return made;
  }
  // Another process knows it within a moment.
  static bool is_known(ApiProcess& process, const GenerationId& id) {
    return eventually([&] {
      const auto found = process.queue.find(id);
      return found && std::holds_alternative<GenerationRecord>(*found);
    });
  }
  static std::string refusal(const executor::SubmitOutcome& outcome) {
    const auto* const refused = std::get_if<executor::Refused>(&outcome);
    return refused == nullptr ? "" : refused->error.code.to_string();
  }
  static std::string code_of(const Result<executor::FindOutcome>& found) {
    if (!found) return found.error().code.to_string();
    const auto* const record = std::get_if<GenerationRecord>(&*found);
    if (record == nullptr) return std::holds_alternative<GenerationGone>(*found) ? "gone" : "unknown";
    return record->error ? record->error->code.to_string() : std::string(to_string(record->state));
  }

  Hold hold_;
  std::filesystem::path folder_;
  EventLoopThreads loops_;
  // A run of one that died may still end in its store.
  std::vector<std::unique_ptr<ApiProcess>> processes_;
  ModelRegistry models_;
  std::unique_ptr<ArtifactStore> artifacts_;
  executor::QueueOptions queue_;
  std::unique_ptr<executor::QueueWorker> worker_;
};

}  // namespace shunt::testing
