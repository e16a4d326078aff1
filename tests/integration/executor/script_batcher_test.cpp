// Items that share the calls of a script, with a real server.
#include "queue/records/script_batcher.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>

#include "bullmq/connection.hpp"
#include "integration/bullmq/redis_process.hpp"

namespace shunt::executor {
namespace {

// Each item is answered the number of its call.
constexpr const char* kScript = R"(
  local call = redis.call('INCR', KEYS[1])
  local answers = {}
  for i = 1, #ARGV do answers[i] = call end
  return answers)";

// Enough for a linger afterwards.
constexpr int kMany = 20;

class ScriptBatcherTest : public ::testing::Test {
 protected:
  ScriptBatcherTest() {
    bullmq::ConnectionOptions to;
    to.url = server_.url();
    ScriptBatcherOptions options;
    options.keys = {"calls"};
    options.common = [] { return std::vector<std::string>(); };
    options.linger = std::chrono::hours(1);
    bullmq::Redis redis(bullmq::open_connection(loop_->context().get_executor(), to));
    batcher_ = make_script_batcher(*loop_, std::move(redis), script_, std::move(options));
  }

  // In one turn of the loop.
  void add(int count, bool urgent = false) {
    for (int i = 0; i < count; ++i) {
      boost::asio::co_spawn(loop_->context(), call(this, urgent), boost::asio::detached);
    }
  }

  static bullmq::awaitable<void> call(ScriptBatcherTest* self, bool urgent) {
    std::vector<std::string> one{"x"};
    const auto item = std::make_shared<ScriptItem>(std::move(one), urgent);
    co_await self->batcher_->join(item);
    self->calls_.push_back(item->reply.to_int());
    self->loop_->stop();
  }

  void run_until_answered(std::size_t count) {
    Timer limit = loop_->after(std::chrono::seconds(30), [this] {
      ADD_FAILURE() << "only " << calls_.size() << " were answered";
      std::exit(1);
    });
    while (calls_.size() < count) loop_->run();
  }

  bullmq::testing::RedisProcess server_;
  std::unique_ptr<EventLoop> loop_ = std::make_unique<EventLoop>();
  bullmq::RedisScript script_{"count", kScript, 1};
  std::optional<ScriptBatcher> batcher_;
  std::vector<std::int64_t> calls_;
};

TEST_F(ScriptBatcherTest, WhatComesInOneTurnSharesOneCall) {
  add(8);
  run_until_answered(8);
  EXPECT_EQ(calls_, std::vector<std::int64_t>(8, 1));
  add(1);
  run_until_answered(9);
  EXPECT_EQ(calls_.back(), 2);
}

TEST_F(ScriptBatcherTest, WhatWaitsGoesWithItsEventLoop) {
  bool begun = false;
  std::weak_ptr<ScriptItem> left;
  const auto call = [&](ScriptBatcher batcher) -> bullmq::awaitable<void> {
    begun = true;
    const auto item = std::make_shared<ScriptItem>(std::vector<std::string>(1, "x"));
    left = item;
    co_await batcher.join(item);
  };
  boost::asio::co_spawn(loop_->context(), call(*batcher_), boost::asio::detached);
  batcher_.reset();
  // It has joined, and its call would go out in the next turn.
  while (!begun) loop_->context().run_one();
  loop_.reset();
  EXPECT_TRUE(left.expired());
}

TEST_F(ScriptBatcherTest, AfterACallOfManyOnlyWhatIsUrgentGoesOutAtOnce) {
  add(kMany);
  run_until_answered(kMany);
  EXPECT_EQ(calls_.back(), 1);
  // Waits for the linger, and goes with the urgent one that does not.
  add(1);
  Timer later = loop_->after(std::chrono::milliseconds(50), [this] {
    EXPECT_EQ(calls_.size(), std::size_t{kMany});
    add(1, true);
  });
  run_until_answered(kMany + 2);
  EXPECT_EQ(calls_.back(), 2);
}

}  // namespace
}  // namespace shunt::executor
