// Workers that know only BullMQ: they write no log, and still their clients hear of everything.
#include <gmock/gmock.h>

#include <thread>

#include "integration/executor/queue_pair.hpp"

namespace shunt::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PlainWorker : public QueuePair {
 protected:
  RedisProcess redis_;
};

TEST_F(PlainWorker, AJobThatIsRemovedByHandEndsItsGenerationWithAClearError) {
  // For four times as long it may be on its way.
  queue_.enqueue_deadline = 1s;
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("echo"));
  redis_({"DEL", key(":echo:") + id.to_string()});
  redis_({"LREM", key(":echo:wait"), "0", id.to_string()});
  const GenerationRecord record = client_.wait_for_end(id);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kWorkerLost);
  EXPECT_THAT(record.error->message, HasSubstr("not in its queue"));
  EXPECT_EQ(redis_({"ZCARD", key("::gen:o:{shunt}:echo")}).integer, 0);
}

TEST_F(PlainWorker, ProgressAndReturnValueOfAPlainJobBecomeEvents) {
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("echo"));
  // What is told only once is seen by whoever watches.
  const auto watch = client_.watch(id);
  const std::string hash = key(":echo:") + id.to_string();
  // As long as it has the lock, it is at it.
  redis_({"SET", hash + ":lock", "its token"});
  redis_({"HSET", hash, "processedOn", "1763912587042"});
  ASSERT_TRUE(eventually([&] { return client_.record(id).state == GenerationState::kRunning; }));
  redis_({"HSET", hash, "progress", "42"});
  ASSERT_TRUE(eventually([&] { return client_.record(id).progress.has_value(); }));
  redis_({"HSET", hash, "returnvalue", R"({"answer":42})", "finishedOn", "1763912588042"});
  EXPECT_THAT(types(client_.events(id)), ElementsAre("queued", "started", "progress", "succeeded"));
  EXPECT_EQ(client_.record(id).result, (Json(JsonObject{{"answer", 42}})));
}

TEST_F(PlainWorker, AFailedPlainJobFailsItsGenerationAlsoForWhoComesLater) {
  start_executor(redis_.url());
  wait_ready();
  const GenerationId id = client_.start(request("echo"));
  executor_.reset();
  redis_({"HSET", key(":echo:") + id.to_string(), "processedOn", "1763912587042", "failedReason", "no luck",
          "finishedOn", "1763912588042"});
  start_executor(redis_.url());
  wait_ready();
  const GenerationRecord record = client_.record(id);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->message, "no luck");
}

TEST_F(PlainWorker, WhatNobodyTakesEndsByItsDeadlineAlsoForWhoComesLater) {
  start_executor(redis_.url());
  wait_ready();
  GenerationRequest made = request("echo");
  made.options.timeout = 1500ms;
  const GenerationId id = client_.start(std::move(made));
  executor_.reset();
  std::this_thread::sleep_until(std::chrono::steady_clock::now() + 1600ms);
  start_executor(redis_.url());
  wait_ready();
  const GenerationRecord record = client_.record(id);
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kDeadlineExceeded);
}

}  // namespace
}  // namespace shunt::testing
