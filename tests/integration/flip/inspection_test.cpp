// A look at a whole fleet: a real Redis, a queue executor, a worker or none.
#include "shunt/flip/inspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <future>

#include "conformance/conformance_models.hpp"
#include "integration/bullmq/redis_process.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "shunt/executor/queue_worker.hpp"
#include "shunt/flip/plan.hpp"
#include "support/eventually.hpp"
#include "support/hold.hpp"

namespace shunt::flip {
namespace {

using bullmq::testing::RedisProcess;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class InspectionTest : public ::testing::Test {
 protected:
  InspectionTest() : models_(testing::conformance_models(hold_)) {
    folder_ = std::filesystem::temp_directory_path() / ("shunt-inspection-" + std::to_string(::getpid()));
    auto artifacts = make_directory_artifact_store(folder_);
    artifacts_ = std::move(*artifacts);
    queue_.redis_url = redis_.url();
    queue_.prefix = "{inspected}";
    executor::QueueExecutorOptions options;
    options.queue = queue_;
    executor_ = executor::make_queue_executor(models_, *artifacts_, options);
    place_.record = first_record(Strategy::kSync, "salt", system_clock().now());
    place_.processes = {"api-1"};
  }
  ~InspectionTest() override {
    // A call that was answered may not have returned yet on the thread that made it.
    for (std::size_t loop = 0; loop < loops_.size(); ++loop) {
      std::promise<void> turned;
      loops_.at(loop).post([&turned] { turned.set_value(); });
      turned.get_future().wait();
    }
    inspection_.reset();
    executor_.reset();
    worker_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start_worker() {
    executor::QueueWorkerOptions options;
    options.queue = queue_;
    options.models = {"echo"};
    options.version = "1.0";
    worker_ = executor::make_queue_worker(models_, *artifacts_, loops_, options);
    // It is connected before it has told of itself.
    ASSERT_TRUE(testing::eventually([this] {
      return worker_->describe().connected && redis_({"ZCARD", queue_.prefix + "::gen:workers"}).integer == 1;
    }));
  }
  FlipInspection& inspection(std::function<void(std::function<void(Result<void>)>)> probe = {}) {
    FlipInspectionOptions options;
    options.queue = queue_;
    options.queue_executor = executor_.get();
    options.load = &load_;
    options.models = {{"echo", 2, OnLost::kRerun, true}};
    options.version = "1.0";
    options.place = [this](const auto& done) { loops_.pick().post([this, done] { done(place_); }); };
    options.probe = std::move(probe);
    inspection_ = make_flip_inspection(std::move(options));
    return *inspection_;
  }
  static std::vector<Check> preflight_of(FlipInspection& inspection) {
    std::promise<std::vector<Check>> answer;
    inspection.preflight([&](std::vector<Check> checks) { answer.set_value(std::move(checks)); });
    return answer.get_future().get();
  }
  static CheckOutcome outcome_of(const std::vector<Check>& checks, std::string_view name) {
    const auto found = std::ranges::find(checks, name, &Check::name);
    if (found != checks.end()) return found->outcome;
    ADD_FAILURE() << "no row " << name;
    return CheckOutcome::kFail;
  }

  RedisProcess redis_;
  EventLoopThreads loops_{1};
  testing::Hold hold_;
  ModelRegistry models_;
  std::filesystem::path folder_;
  std::unique_ptr<ArtifactStore> artifacts_;
  executor::QueueOptions queue_;
  std::unique_ptr<executor::GenerationExecutor> executor_;
  std::unique_ptr<executor::QueueWorker> worker_;
  LoadMeter load_;
  FleetPlace place_;
  std::unique_ptr<FlipInspection> inspection_;
};

TEST_F(InspectionTest, FindsWhatARedisOutOfTheBoxLacks) {
  start_worker();
  const auto checks = preflight_of(inspection([](const auto& done) { done({}); }));
  EXPECT_NE(outcome_of(checks, "redis.reach"), CheckOutcome::kFail) << "this machine may be slow now";
  EXPECT_EQ(outcome_of(checks, "redis.version"), CheckOutcome::kPass);
  EXPECT_EQ(outcome_of(checks, "redis.eviction"), CheckOutcome::kPass);
  EXPECT_EQ(outcome_of(checks, "redis.memory"), CheckOutcome::kWarn) << "maxmemory is not set";
  EXPECT_EQ(outcome_of(checks, "redis.persistence"), CheckOutcome::kWarn) << "appendonly is off";
  EXPECT_EQ(outcome_of(checks, "redis.clock"), CheckOutcome::kPass);
  EXPECT_EQ(outcome_of(checks, "workers"), CheckOutcome::kPass);
  EXPECT_EQ(outcome_of(checks, "path.probe"), CheckOutcome::kPass);
  EXPECT_EQ(outcome_of(checks, "shadow.prompts"), CheckOutcome::kWarn);
}

TEST_F(InspectionTest, MendedRowsPass) {
  start_worker();
  redis_({"CONFIG", "SET", "maxmemory", "200mb"});
  redis_({"CONFIG", "SET", "appendonly", "yes"});
  place_.record.plan.shadow.enabled = false;
  const SteadyTime now = system_clock().steady_now();
  load_.admitted("echo", now);
  load_.ended("echo", 10ms, now);
  for (const Check& check : preflight_of(inspection([](const auto& done) { done({}); }))) {
    // How fast this machine is now is nothing that could be mended. Their bounds are in preflight_test.cpp.
    if (check.name == "redis.reach" || check.name == "redis.latency") continue;
    EXPECT_EQ(check.outcome, CheckOutcome::kPass) << check.name << ": " << check.found;
  }
}

TEST_F(InspectionTest, FailsWithoutWorkersAndWithAPolicyThatEvicts) {
  redis_({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const auto checks =
      preflight_of(inspection([](const auto& done) { done(Error{"deadline_exceeded", "nobody took it"}); }));
  EXPECT_EQ(outcome_of(checks, "redis.eviction"), CheckOutcome::kFail);
  EXPECT_EQ(outcome_of(checks, "workers"), CheckOutcome::kFail);
  EXPECT_EQ(outcome_of(checks, "path.probe"), CheckOutcome::kFail);
}

TEST_F(InspectionTest, ARedisThatIsAwayIsTheOneRowAndNoDrain) {
  redis_.kill();
  const auto checks = preflight_of(inspection());
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].name, "redis.reach");
  EXPECT_EQ(checks[0].outcome, CheckOutcome::kFail);
  std::promise<Result<DrainFacts>> answer;
  inspection_->drain([&](Result<DrainFacts> facts) { answer.set_value(std::move(facts)); });
  EXPECT_EQ(answer.get_future().get().error().code, "queue_unavailable");
}

TEST_F(InspectionTest, ADrainCountsWhatIsOpen) {
  redis_({"LPUSH", "{inspected}:echo:wait", "gen_1"});
  place_.record = first_record(Strategy::kQueue, "salt", system_clock().now());
  place_.unaware = {"api-2"};
  std::promise<Result<DrainFacts>> answer;
  inspection().drain([&](Result<DrainFacts> facts) { answer.set_value(std::move(facts)); });
  const auto facts = answer.get_future().get();
  ASSERT_TRUE(facts.ok()) << facts.error().message;
  EXPECT_TRUE(facts->sends_to_queue);
  EXPECT_EQ(judge_drain(*facts).stage, DrainStage::kAdmitting);
  const auto echo = std::ranges::find(facts->work, "echo", &OpenWork::model);
  ASSERT_NE(echo, facts->work.end());
  EXPECT_EQ(echo->waiting, 1U);
}

}  // namespace
}  // namespace shunt::flip
