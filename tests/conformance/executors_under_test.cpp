#include "conformance/executors_under_test.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "shunt/executor/executor_pair.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/executor/sync_executor.hpp"
#include "shunt/flip/flip_executor.hpp"
#include "shunt/flip/record.hpp"
#include "support/child_server.hpp"
#include "support/executor_client.hpp"
#include "support/fast_path.hpp"

namespace shunt::testing {
namespace {

// A state of the flip, and the weight of its canary.
struct FlipPlace {
  flip::FlipState state = flip::FlipState::kOff;
  flip::Weight weight = flip::Weight::percent(50);
};

// "Canary50", "ForcedSync".
std::string name_of(const FlipPlace& place) {
  std::string name;
  bool upper = true;
  for (const char c : flip::state_name(place.state)) {
    if (c != '_') name += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  if (place.state != flip::FlipState::kCanary) return name;
  return name + std::to_string(place.weight.hundredths() / 100);
}

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

// Redis, a worker, and where their artifacts lie. One server for all tests; each has keys of its own.
class QueueSide {
 public:
  QueueSide(const ModelRegistry& models, EventLoopThreads& loops, bool cluster)
      : folder_(std::filesystem::temp_directory_path() / ("shunt-artifacts-" + std::to_string(::getpid()))) {
    auto artifacts = make_directory_artifact_store(folder_);
    if (!artifacts) throw std::runtime_error(artifacts.error().message);
    artifacts_ = std::move(*artifacts);
    static std::atomic<int> next{0};
    options_.queue.redis_url = redis_url(cluster);
    options_.queue.fast_path = fast_path_under_test();
    options_.queue.prefix = "{test" + std::to_string(next++) + "}";
    executor::QueueWorkerOptions worker;
    worker.queue = options_.queue;
    worker.version = "1.2.3";
    worker_ = executor::make_queue_worker(models, *artifacts_, loops, std::move(worker));
    // Tests run beside others on a busy machine.
    options_.queue.enqueue_deadline = std::chrono::seconds(10);
    options_.at_drain = executor::QueueExecutorOptions::AtDrain::kCancel;
  }
  QueueSide(const QueueSide&) = delete;
  QueueSide& operator=(const QueueSide&) = delete;
  ~QueueSide() {
    worker_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] const executor::QueueExecutorOptions& options() const { return options_; }
  [[nodiscard]] ArtifactStore& artifacts() { return *artifacts_; }
  // Refusals are about a queue that works. `describe`: of the queue's side.
  void wait_until_ready(const std::function<executor::ExecutorDescription()>& describe) const {
    if (!eventually(
            [&] { return describe().health == executor::Health::kReady && worker_->describe().connected; })) {
      throw std::runtime_error("not connected to Redis: " + describe().reason);
    }
  }

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
  executor::QueueExecutorOptions options_;
  std::unique_ptr<executor::QueueWorker> worker_;
};

class QueueUnderTest final : public ExecutorUnderTest {
 public:
  QueueUnderTest(const ModelRegistry& models, EventLoopThreads& loops, bool cluster)
      : side_(models, loops, cluster),
        executor_(executor::make_queue_executor(models, side_.artifacts(), side_.options())) {
    side_.wait_until_ready([this] { return executor_->describe(); });
  }
  executor::GenerationExecutor& executor() override { return *executor_; }

 private:
  QueueSide side_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
};

// A sync executor whose generations are registered in Redis.
class RegisteredUnderTest final : public ExecutorUnderTest {
 public:
  RegisteredUnderTest(const ModelRegistry& models, EventLoopThreads& loops)
      : side_(models, loops, false),
        store_(make_memory_store(system_clock(), {})),
        pair_(executor::make_executor_pair(models, *store_, side_.artifacts(), {}, side_.options())) {
    side_.wait_until_ready([this] { return pair_.queue->describe(); });
  }
  executor::GenerationExecutor& executor() override { return *pair_.sync; }

 private:
  QueueSide side_;
  std::unique_ptr<GenerationStore> store_;
  executor::ExecutorPair pair_;
};

// Both executors behind a FlipExecutor. A model with one place in line has it in each of them, so the suite's
// "gated" stays where its rule says.
class FlipUnderTest final : public ExecutorUnderTest {
 public:
  struct Setup {
    std::vector<FlipPlace> places;  // more than one: they replace each other all the time
    flip::ModelRule pinned = flip::ModelRule::kSync;
  };

  FlipUnderTest(const ModelRegistry& models, EventLoopThreads& loops, Setup setup)
      : side_(models, loops, false),
        store_(make_memory_store(system_clock(), {})),
        snapshot_(snapshot_of(setup.places.front(), 1)) {
    executor::SyncExecutorOptions sync;
    sync.observer = &observer_;
    executor::QueueExecutorOptions queue = side_.options();
    queue.observer = &observer_;
    auto pair =
        executor::make_executor_pair(models, *store_, side_.artifacts(), std::move(sync), std::move(queue));
    flip::FlipExecutorOptions options;
    options.sync = std::move(pair.sync);
    options.queue = std::move(pair.queue);
    options.snapshot = &snapshot_;
    options.observer = &observer_;
    options.models = &models;
    options.loop = &loops.at(0);
    options.policies["gated"].rule = setup.pinned;
    executor_ = flip::make_flip_executor(std::move(options));
    side_.wait_until_ready([this] { return executor_->describe_queue(); });
    if (setup.places.size() > 1)
      moving_ =
          std::jthread([this, places = setup.places](const std::stop_token& stop) { move(places, stop); });
  }
  FlipUnderTest(const FlipUnderTest&) = delete;
  FlipUnderTest& operator=(const FlipUnderTest&) = delete;
  ~FlipUnderTest() override = default;

  executor::GenerationExecutor& executor() override { return *executor_; }

 private:
  static flip::Snapshot snapshot_of(const FlipPlace& place, std::uint64_t epoch) {
    flip::FlipRecord record = flip::first_record(flip::Strategy::kSync, "r1", system_clock().now());
    record.epoch = epoch;
    record.state = place.state;
    record.plan.steps = {{.weight = place.weight}};
    if (place.state == flip::FlipState::kHeld || flip::is_forced(place.state))
      record.before = flip::Resting{flip::FlipState::kCanary, 0};
    return flip::Snapshot(record);
  }
  void move(const std::vector<FlipPlace>& places, const std::stop_token& stop) {
    for (std::uint64_t epoch = 2; !stop.stop_requested(); ++epoch) {
      snapshot_.replace(snapshot_of(places[epoch % places.size()], epoch));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  QueueSide side_;
  std::unique_ptr<GenerationStore> store_;
  flip::CurrentSnapshot snapshot_;
  flip::FlipObserver observer_{nullptr};
  std::unique_ptr<flip::FlipExecutor> executor_;
  std::jthread moving_;
};

ExecutorFactory flipping(std::string name, FlipUnderTest::Setup setup) {
  return {std::move(name), [setup = std::move(setup)](const ModelRegistry& models, EventLoopThreads& loops) {
            return std::make_unique<FlipUnderTest>(models, loops, setup);
          }};
}

void add_flips(std::vector<ExecutorFactory>& factories) {
  using S = flip::FlipState;
  using flip::Weight;
  const std::vector<FlipPlace> down = {{S::kOff},        {S::kAborting}, {S::kDraining},
                                       {S::kForcedSync}, {S::kDark},     {S::kShadow}};
  const std::vector<FlipPlace> up = {{S::kCanary, Weight::none()},
                                     {S::kCanary, Weight::percent(50)},
                                     {S::kCanary, Weight::all()},
                                     {S::kHeld, Weight::percent(50)},
                                     {S::kFull}};
  for (const FlipPlace& place : down) factories.push_back(flipping("Flip" + name_of(place), {{place}}));
  for (const FlipPlace& place : up)
    factories.push_back(flipping("Flip" + name_of(place), {{place}, flip::ModelRule::kQueue}));
  factories.push_back(flipping("FlipForcedQueue", {{{S::kForcedQueue}}}));
  std::vector<FlipPlace> all = down;
  all.insert(all.end(), up.begin(), up.end());
  factories.push_back(flipping("FlipMovingThroughAll", {all}));
  factories.push_back(flipping("FlipMovingThroughCanaryAndFull", {up, flip::ModelRule::kQueue}));
}

}  // namespace

std::vector<ExecutorFactory> executors_under_test() {
  std::vector<ExecutorFactory> factories;
  factories.push_back({"Sync", [](const ModelRegistry& models, EventLoopThreads&) {
                         return std::make_unique<SyncUnderTest>(models);
                       }});
  factories.push_back({"Queue", [](const ModelRegistry& models, EventLoopThreads& loops) {
                         return std::make_unique<QueueUnderTest>(models, loops, false);
                       }});
  factories.push_back({"Registered", [](const ModelRegistry& models, EventLoopThreads& loops) {
                         return std::make_unique<RegisteredUnderTest>(models, loops);
                       }});
  add_flips(factories);
  // Once more, with all of Redis's keys in one slot: on demand, because it is the same but for the routing.
  if (std::getenv("SHUNT_TEST_CLUSTER") != nullptr) {
    factories.push_back({"Cluster", [](const ModelRegistry& models, EventLoopThreads& loops) {
                           return std::make_unique<QueueUnderTest>(models, loops, true);
                         }});
  }
  return factories;
}

}  // namespace shunt::testing
