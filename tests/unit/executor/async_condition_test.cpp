#include "queue/runtime/async_condition.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>

#include "support/executor_client.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;
using testing::eventually;
using namespace std::chrono_literals;

class AsyncConditionTest : public ::testing::Test {
 protected:
  AsyncConditionTest() : loops_(1), condition_(std::make_unique<AsyncCondition>(loops_.at(0))) {}
  ~AsyncConditionTest() override { loops_.stop_and_join(); }

  void on_loop(const std::function<void()>& work) { loops_.at(0).run_on_thread(work); }
  void wait(SteadyTime deadline) {
    on_loop(
        [&] { boost::asio::co_spawn(loops_.at(0).context(), wait_for_it(deadline), boost::asio::detached); });
    on_loop([] {});
  }
  awaitable<void> wait_for_it(SteadyTime deadline) {
    std::function<bool()> holds = [this] {
      ++asked_;
      return holds_.load();
    };
    const bool held = co_await condition_->wait_until(deadline, std::move(holds));
    ++(held ? held_ : late_);
  }

  EventLoopThreads loops_;
  std::unique_ptr<AsyncCondition> condition_;
  std::atomic<bool> holds_{false};
  std::atomic<int> asked_{0};
  std::atomic<int> held_{0};
  std::atomic<int> late_{0};
};

TEST_F(AsyncConditionTest, WhoeverFindsItTrueDoesNotWait) {
  holds_ = true;
  wait(SteadyTime::max());
  EXPECT_TRUE(eventually([&] { return held_ == 1; }));
}

TEST_F(AsyncConditionTest, AllWaitUntilItIsTrueAndLookOnlyWhenTold) {
  wait(SteadyTime::max());
  wait(SteadyTime::max());
  EXPECT_EQ(asked_, 2);
  on_loop([&] { condition_->notify_all(); });
  EXPECT_TRUE(eventually([&] { return asked_ == 4; }));
  EXPECT_EQ(held_, 0);
  holds_ = true;
  on_loop([&] { condition_->notify_all(); });
  EXPECT_TRUE(eventually([&] { return held_ == 2; }));
}

TEST_F(AsyncConditionTest, TheDeadlineEndsAWait) {
  wait(std::chrono::steady_clock::now() + 20ms);
  EXPECT_TRUE(eventually([&] { return late_ == 1; }));
}

TEST_F(AsyncConditionTest, ItMayGoWhileSomebodyWaits) {
  wait(std::chrono::steady_clock::now() + 20ms);
  on_loop([&] { condition_.reset(); });
  EXPECT_TRUE(eventually([&] { return late_ == 1; }));
}

TEST_F(AsyncConditionTest, WhoWaitsGoesWithTheLoop) {
  wait(SteadyTime::max());
  condition_.reset();
}

}  // namespace
}  // namespace shunt::executor
