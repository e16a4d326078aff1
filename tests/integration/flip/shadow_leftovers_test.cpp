// What processes that died leave of a shadow in Redis.
#include "shunt/flip/shadow_leftovers.hpp"

#include <filesystem>
#include <optional>

#include "conformance/conformance_models.hpp"
#include "integration/flip/flip_fleet.hpp"
#include "shunt/executor/queue_executor.hpp"
#include "support/executor_client.hpp"
#include "support/generation_requests.hpp"

namespace shunt::flip {
namespace {

class ShadowLeftoversTest : public ::testing::Test {
 protected:
  ShadowLeftoversTest() : models_(testing::conformance_models(hold_)), loops_(1) {
    auto artifacts = make_directory_artifact_store(folder_.file("artifacts"));
    artifacts_ = std::move(*artifacts);
    queue_.redis_url = redis_.url();
    queue_.prefix = "{shunt}:shadow";
    queue_.enqueue_deadline = 10s;
    queue_.retention = 1s;
    // Longer than a copy may take: an id that is forgotten before its record is nobody's to remove.
    queue_.claim_age = 60s;
    queue_.min_claim_age = 0ms;
  }
  ~ShadowLeftoversTest() override {
    hold_.release();
    loops_.stop_and_join();
  }

  std::unique_ptr<executor::GenerationExecutor> make_executor() {
    executor::QueueExecutorOptions options;
    options.queue = queue_;
    options.faults = &faults_;
    ++made_;
    return executor::make_queue_executor(models_, *artifacts_, std::move(options));
  }
  std::unique_ptr<ShadowLeftovers> leftovers() {
    ShadowLeftoversOptions options;
    options.queue = queue_;
    if (look_timeout_) options.queue.command_timeout = *look_timeout_;
    options.make_executor = [this] { return make_executor(); };
    options.faults = &faults_;
    options.interval = 100ms;
    return std::make_unique<ShadowLeftovers>(std::move(options));
  }
  // A copy whose process dies before a worker has taken it.
  GenerationId leave_one(std::chrono::milliseconds timeout = 2s) {
    const auto dying = make_executor();
    testing::ExecutorClient client(loops_);
    client.use(*dying);
    GenerationRequest copy = testing::request("echo", JsonObject{{"text", "a prompt"}});
    copy.options.timeout = timeout;
    return client.start(copy);
  }
  std::size_t keys_with(const std::string& pattern) { return redis_({"KEYS", pattern}).elements.size(); }

  testing::Hold hold_;
  TemporaryFolder folder_;
  RedisProcess redis_;
  ModelRegistry models_;
  EventLoopThreads loops_;
  std::unique_ptr<ArtifactStore> artifacts_;
  FaultLog faults_;
  executor::QueueOptions queue_;
  std::optional<std::chrono::milliseconds> look_timeout_;
  std::atomic<int> made_ = 0;
};

TEST_F(ShadowLeftoversTest, AreRemovedByWhoeverComes) {
  const GenerationId id = leave_one();
  ASSERT_EQ(keys_with("*echo:" + id.to_string()), 1U) << "its job, with the prompt";
  ASSERT_EQ(keys_with("*r:" + id.to_string()), 1U);
  const auto comes = leftovers();
  EXPECT_TRUE(eventually([&] { return keys_with("*" + id.to_string() + "*") == 0; }))
      << ::testing::PrintToString([&] {
           std::vector<std::string> left;
           for (const auto& key : redis_({"KEYS", "*"}).elements) left.push_back(key.text);
           return left;
         }());
  EXPECT_EQ(made_, 2);
}

TEST_F(ShadowLeftoversTest, WithoutAnyNobodyHasConnectionsForThem) {
  const auto comes = leftovers();
  redis_({"SET", "{shunt}::gen:index", "another prefix"});
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(comes->cleans());
  EXPECT_EQ(made_, 0);
}

TEST_F(ShadowLeftoversTest, OnceTheyAreGoneItsExecutorGoes) {
  // It is not over by itself before the test has seen what it makes.
  (void)leave_one(60s);
  const auto comes = leftovers();
  ASSERT_TRUE(eventually([&] { return comes->cleans(); }));
  ASSERT_TRUE(
      eventually([&] { return redis_({"CLIENT", "LIST"}).text.find("shunt:submit") != std::string::npos; }));
  redis_({"FLUSHALL"});
  EXPECT_TRUE(eventually([&] { return !comes->cleans(); }));
  EXPECT_TRUE(
      eventually([&] { return redis_({"CLIENT", "LIST"}).text.find("shunt:submit") == std::string::npos; }));
}

TEST_F(ShadowLeftoversTest, AreLookedForAgainOnceRedisIsBack) {
  look_timeout_ = 300ms;
  redis_.suspend();
  const auto comes = leftovers();
  std::this_thread::sleep_for(700ms);
  redis_.resume();
  (void)leave_one(60s);
  EXPECT_TRUE(eventually([&] { return comes->cleans(); }));
}

}  // namespace
}  // namespace shunt::flip
