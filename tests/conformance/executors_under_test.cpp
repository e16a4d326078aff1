#include "conformance/executors_under_test.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>

#include "shunt/executor/queue_executor.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "support/child_server.hpp"
#include "support/executor_client.hpp"
#include "support/fast_path.hpp"

namespace shunt::testing {
namespace {

class SyncUnderTest final : public ExecutorUnderTest {
 public:
  explicit SyncUnderTest(const ModelRegistry& models)
      : store_(make_memory_store(system_clock(), {})),
        executor_(executor::make_sync_executor(models, *store_)) {}
  executor::GenerationExecutor& executor() override { return *executor_; }

 private:
  std::unique_ptr<GenerationStore> store_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
};

// An API's executor and a worker, with Redis between them. One server for all tests; each has keys of its
// own.
class QueueUnderTest final : public ExecutorUnderTest {
 public:
  QueueUnderTest(const ModelRegistry& models, EventLoopThreads& loops, bool cluster)
      : folder_(std::filesystem::temp_directory_path() / ("shunt-artifacts-" + std::to_string(::getpid()))) {
    auto artifacts = make_directory_artifact_store(folder_);
    if (!artifacts) throw std::runtime_error(artifacts.error().message);
    artifacts_ = std::move(*artifacts);
    static std::atomic<int> next{0};
    executor::QueueOptions queue;
    queue.redis_url = redis_url(cluster);
    queue.fast_path = fast_path_under_test();
    queue.prefix = "{test" + std::to_string(next++) + "}";
    executor::QueueWorkerOptions worker;
    worker.queue = queue;
    worker.version = "1.2.3";
    worker_ = executor::make_queue_worker(models, *artifacts_, loops, std::move(worker));
    executor::QueueExecutorOptions options;
    options.queue = queue;
    // Tests run beside others on a busy machine.
    options.queue.enqueue_deadline = std::chrono::seconds(10);
    options.at_drain = executor::QueueExecutorOptions::AtDrain::kCancel;
    executor_ = executor::make_queue_executor(models, *artifacts_, std::move(options));
    // Refusals are about a queue that works.
    if (!eventually([&] {
          return executor_->describe().health == executor::Health::kReady && worker_->describe().connected;
        })) {
      throw std::runtime_error("not connected to Redis: " + executor_->describe().reason);
    }
  }

  ~QueueUnderTest() override {
    executor_.reset();
    worker_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  executor::GenerationExecutor& executor() override { return *executor_; }

 private:
  static std::string redis_url(bool cluster) {
    if (cluster) return cluster_url();
    static const ChildServer server({"/usr/bin/python3", SHUNT_TEST_SUPPORT "/redis_server.py"});
    return "redis://127.0.0.1:" + std::to_string(server.port());
  }
  // A node that serves all slots of a cluster.
  static std::string cluster_url() {
    static const ChildServer server(
        {"/usr/bin/python3", SHUNT_TEST_SUPPORT "/redis_server.py", "--cluster-enabled", "yes",
         "--cluster-config-file",
         (std::filesystem::temp_directory_path() / ("shunt-cluster-" + std::to_string(::getpid()) + ".conf"))
             .string()});
    static const bool ready = [] {
      const std::string call = "redis-cli -p " + std::to_string(server.port());
      if (std::system((call + " cluster addslotsrange 0 16383 >/dev/null").c_str()) != 0) return false;
      return eventually(
          [&] { return std::system((call + " cluster info | grep -q cluster_state:ok").c_str()) == 0; });
    }();
    if (!ready) throw std::runtime_error("the cluster of one node does not come up");
    return "redis+cluster://127.0.0.1:" + std::to_string(server.port());
  }

  const std::filesystem::path folder_;
  std::unique_ptr<ArtifactStore> artifacts_;
  std::unique_ptr<executor::QueueWorker> worker_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
};

}  // namespace

std::vector<ExecutorFactory> executors_under_test() {
  std::vector<ExecutorFactory> factories;
  factories.push_back({"Sync", [](const ModelRegistry& models, EventLoopThreads&) {
                         return std::make_unique<SyncUnderTest>(models);
                       }});
  factories.push_back({"Queue", [](const ModelRegistry& models, EventLoopThreads& loops) {
                         return std::make_unique<QueueUnderTest>(models, loops, false);
                       }});
  // Once more, with all of Redis's keys in one slot: on demand, because it is the same but for the routing.
  if (std::getenv("SHUNT_TEST_CLUSTER") != nullptr) {
    factories.push_back({"Cluster", [](const ModelRegistry& models, EventLoopThreads& loops) {
                           return std::make_unique<QueueUnderTest>(models, loops, true);
                         }});
  }
  return factories;
}

}  // namespace shunt::testing
