#include "blocking/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <thread>

namespace {

using bullmq::detail::ThreadPool;
using namespace std::chrono_literals;

TEST(ThreadPool, MakesThreadsOnlyWhenTheyAreNeeded) {
  ThreadPool pool(4);
  EXPECT_EQ(pool.threads(), 0U);
  for (int i = 0; i < 3; ++i) {
    std::promise<void> ran;
    pool.run([&] { ran.set_value(); });
    ran.get_future().wait();
  }
  EXPECT_LE(pool.threads(), 3U);
}

TEST(ThreadPool, RunsAsManyTasksSideBySideAsItsLimitSays) {
  ThreadPool pool(3);
  std::latch together(3);
  std::latch done(3);
  for (int i = 0; i < 3; ++i) {
    pool.run([&] {
      together.arrive_and_wait();
      done.count_down();
    });
  }
  done.wait();
  EXPECT_EQ(pool.threads(), 3U);
}

TEST(ThreadPool, QueuesTasksBeyondItsLimit) {
  ThreadPool pool(1);
  std::promise<void> go;
  std::promise<void> second;
  pool.run([released = go.get_future().share()] { released.wait(); });
  pool.run([&] { second.set_value(); });
  auto ran = second.get_future();
  EXPECT_EQ(ran.wait_for(20ms), std::future_status::timeout);
  EXPECT_EQ(pool.threads(), 1U);
  go.set_value();
  EXPECT_EQ(ran.wait_for(20s), std::future_status::ready);
}

TEST(ThreadPool, IdleThreadsBeyondALoweredLimitEnd) {
  ThreadPool pool(3);
  std::latch together(3);
  for (int i = 0; i < 3; ++i) pool.run([&] { together.arrive_and_wait(); });
  together.wait();
  pool.set_limit(1);
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (pool.threads() > 1 && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  EXPECT_EQ(pool.threads(), 1U);
}

TEST(ThreadPool, ShuttingDownLeavesATaskThatDoesNotEnd) {
  struct Shared {
    std::atomic<bool> entered = false;
    std::atomic<bool> leave = false;
    std::atomic<bool> left = false;
  };
  const auto shared = std::make_shared<Shared>();
  {
    ThreadPool pool(1);
    pool.run([shared] {
      shared->entered = true;
      while (!shared->leave) std::this_thread::yield();
      shared->left = true;
    });
    while (!shared->entered) std::this_thread::yield();
    pool.shut_down(10ms);
    EXPECT_EQ(pool.threads(), 1U);
  }
  shared->leave = true;
  while (!shared->left) std::this_thread::yield();
}

}  // namespace
