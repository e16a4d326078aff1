// What becomes of generations whose worker is lost, stops or fails, under either choice of their model.
#include <gmock/gmock.h>

#include <atomic>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "integration/executor/queue_pair.hpp"

namespace shunt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OnLostTest : public QueuePair {
 protected:
  OnLostTest() {
    queue_.attempts = 3;
    queue_.backoff = 20ms;
    add("once", OnLost::kFail);
    add("again", OnLost::kRerun);
  }
  // Fails as often as it is told, and counts its runs.
  void add(const std::string& name, OnLost on_lost) {
    Model model;
    model.name = name;
    model.driver = "function";
    model.generator = make_function_generator(
        [this](GenerationRun& run) -> Json {
          const int number = ++runs_;
          run.delta("run " + std::to_string(number));
          while (holding_ && !run.stop_token().stop_requested()) std::this_thread::sleep_for(5ms);
          if (number <= failures_) run.fail({"upstream_failed", "try again", Retryable::kYes});
          return nullptr;
        },
        4);
    model.concurrency = 4;
    model.max_waiting = 100;
    model.timeout = 60s;
    model.stop_grace = 500ms;
    model.on_lost = on_lost;
    ASSERT_TRUE(models_.add(std::move(model)).ok());
  }
  std::string field(const GenerationId& id, const std::string& name) {
    return redis_({"HGET", key("::gen:r:") + id.to_string(), name}).text;
  }
  std::string job(const std::string& model, const GenerationId& id, const std::string& name) {
    return redis_({"HGET", key(":" + model + ":") + id.to_string(), name}).text;
  }
  // As a worker that is lost right after it has begun.
  void begin_and_be_lost(const std::string& model, const GenerationId& id) {
    std::ifstream in(std::string(SHUNT_LUA) + "/begin.lua");
    std::ostringstream text;
    text << in.rdbuf();
    const auto answer = redis_({"EVAL", text.str(), "1", key("::gen:"), "lost", id.to_string(),
                                key(":" + model), "", "60000", "1763912587042"});
    ASSERT_EQ(answer.elements.at(0).elements.at(0).text, "run");
  }
  GenerationRecord after_a_loss(const std::string& model) {
    start_executor(redis_.url());
    wait_ready();
    const GenerationId id = client_.start(request(model));
    begin_and_be_lost(model, id);
    start_worker(redis_.url());
    return client_.wait_for_end(id);
  }
  void stop_worker() {
    std::promise<void> stopped;
    worker_->stop(0ms, [&stopped](executor::WorkerReport) { stopped.set_value(); });
    stopped.get_future().wait();
    worker_.reset();
  }

  RedisProcess redis_;
  std::atomic<int> runs_{0};
  std::atomic<int> failures_{0};
  std::atomic<bool> holding_{false};
};

TEST_F(OnLostTest, WhatMayBeRunAgainIsRunAgain) {
  const GenerationRecord record = after_a_loss("again");
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnLostTest, WhatMayHaveBegunEndsVisiblyAndNeverRuns) {
  const GenerationRecord record = after_a_loss("once");
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, "worker_lost");
  EXPECT_FALSE(record.error->is_retryable()) << "whoever asks again may pay again";
  EXPECT_THAT(record.error->message, HasSubstr("on_lost"));
  EXPECT_EQ(runs_, 0);
  const GenerationId id = record.id;
  EXPECT_EQ(field(id, "attempt"), "2") << "what the first one still writes is refused";
  ASSERT_TRUE(eventually([&] { return !job("once", id, "failedReason").empty(); }));
  EXPECT_THAT(job("once", id, "failedReason"), HasSubstr("worker_lost"));
}

TEST_F(OnLostTest, AJobThatNobodyHasBegunRuns) {
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("once"));
  // As BullMQ leaves it when the worker was lost between its fetch and its begin.
  redis_({"HSET", key(":once:") + id.to_string(), "stc", "1", "ats", "1"});
  start_worker(redis_.url());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnLostTest, AFailureIsTheEndWhateverAttemptsThereAre) {
  failures_ = 1;
  start(redis_.url());
  const GenerationId id = client_.start(request("once"));
  EXPECT_THAT(types(client_.events(id)), ElementsAre("queued", "started", "delta", "failed"));
  EXPECT_EQ(runs_, 1);
  runs_ = 0;
  EXPECT_EQ(client_.wait_for_end(client_.start(request("again"))).state, GenerationState::kSucceeded);
  EXPECT_EQ(runs_, 2);
}

TEST_F(OnLostTest, NotEvenTheAttemptsOfAProducersJobRunItTwice) {
  failures_ = 1;
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("once"));
  EXPECT_EQ(job("once", id, "opts").find("\"attempts\":3"), std::string::npos);
  redis_({"HSET", key(":once:") + id.to_string(), "opts",
          R"({"attempts":3,"backoff":{"type":"fixed","delay":10}})"});
  start_worker(redis_.url());
  EXPECT_EQ(client_.wait_for_end(id).error->code, "upstream_failed");
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnLostTest, AWorkerThatStopsEndsItItself) {
  holding_ = true;
  start(redis_.url());
  const GenerationId id = client_.start(request("once"));
  ASSERT_TRUE(eventually([&] { return runs_ == 1; }));
  stop_worker();
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.error->code, "worker_lost");
  // Another one finds nothing to do.
  holding_ = false;
  start_worker(redis_.url());
  EXPECT_EQ(client_.wait_for_end(client_.start(request("echo"))).state, GenerationState::kSucceeded);
  EXPECT_EQ(runs_, 1);
}

TEST_F(OnLostTest, AWorkerThatStopsGivesBackWhatMayRunAgain) {
  holding_ = true;
  start(redis_.url());
  const GenerationId id = client_.start(request("again"));
  ASSERT_TRUE(eventually([&] { return runs_ == 1; }));
  stop_worker();
  holding_ = false;
  start_worker(redis_.url());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_EQ(runs_, 2);
}

TEST_F(OnLostTest, ACancelOfALostOneEndsItAsCancelled) {
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("once"));
  // What nobody watches is known to this process for some seconds only.
  const auto watch = client_.watch(id);
  begin_and_be_lost("once", id);
  (void)client_.cancel(id, "enough");
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
  start_worker(redis_.url());
  EXPECT_EQ(client_.wait_for_end(client_.start(request("echo"))).state, GenerationState::kSucceeded);
  EXPECT_EQ(runs_, 0);
}

}  // namespace
}  // namespace shunt::testing
