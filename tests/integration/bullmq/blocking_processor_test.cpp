#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "bullmq/blocking_job.hpp"
#include "bullmq/error.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "support/child_server.hpp"
#include "support/eventually.hpp"
#include "support/hold.hpp"

namespace {

namespace asio = boost::asio;
using bullmq::awaitable;
using shunt::testing::eventually;
using shunt::testing::Hold;
using namespace std::chrono_literals;

// A coroutine worker with a blocking processor, on the test's own thread.
class BlockingProcessorTest : public ::testing::Test {
 protected:
  shunt::testing::ChildServer redis{{"/usr/bin/python3", SHUNT_TEST_SUPPORT "/redis_server.py"}};
  asio::io_context loop;

  bullmq::ConnectionOptions connection_options() const {
    bullmq::ConnectionOptions options;
    options.url = "redis://127.0.0.1:" + std::to_string(redis.port());
    return options;
  }
  bullmq::QueueOptions queue_options() const {
    bullmq::QueueOptions options;
    options.connection = connection_options();
    return options;
  }
  bullmq::WorkerOptions worker_options() const {
    bullmq::WorkerOptions options;
    options.connection = connection_options();
    return options;
  }
  template <typename T>
  T run(awaitable<T> operation) {
    auto result = asio::co_spawn(loop, std::move(operation), asio::use_future);
    loop.restart();
    while (result.wait_for(0s) != std::future_status::ready) loop.run_one();
    return result.get();
  }
};

awaitable<std::string> add_and_wait(bullmq::Queue& queue, bullmq::QueueEvents& events, std::string data) {
  bullmq::Job job = co_await queue.add("job", std::move(data));
  std::string value = co_await job.wait_until_finished(events, 20s);
  co_return value;
}

TEST_F(BlockingProcessorTest, RunsOnAnotherThreadAndItsResultComesBack) {
  bullmq::Queue queue(loop.get_executor(), "work", queue_options());
  bullmq::QueueEventsOptions event_options;
  event_options.connection = connection_options();
  bullmq::QueueEvents events(loop.get_executor(), "work", event_options);
  std::atomic<std::thread::id> ran_on;
  bullmq::Worker worker(
      loop.get_executor(), "work",
      [&](bullmq::blocking::Job& job, std::stop_token) {
        ran_on = std::this_thread::get_id();
        job.update_progress("1");
        return job.data();
      },
      worker_options());
  EXPECT_EQ(run(add_and_wait(queue, events, R"({"n":1})")), R"({"n":1})");
  EXPECT_NE(ran_on.load(), std::this_thread::get_id());
  run(worker.close());
}

TEST_F(BlockingProcessorTest, ACoroutineThatCallsABlockingFunctionOfAJobGetsAnError) {
  bullmq::Queue queue(loop.get_executor(), "work", queue_options());
  std::optional<bullmq::blocking::Job> handle;
  bool refused = false;
  bullmq::Worker worker(
      loop.get_executor(), "work",
      [&](bullmq::blocking::Job& job, std::stop_token) {
        handle = job;
        return std::string("null");
      },
      worker_options());
  bool completed = false;
  worker.events()
      .completed
      .subscribe([&](const bullmq::Job&, std::string_view) {
        try {
          handle->log("from the executor");
        } catch (const bullmq::ConnectionError& error) {
          ADD_FAILURE() << "it went to the server: " << error.what();
        } catch (const bullmq::Error&) {
          refused = true;
        }
        completed = true;
      })
      .detach();
  run(queue.add("a"));
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!completed && std::chrono::steady_clock::now() < until) loop.run_one_for(100ms);
  EXPECT_TRUE(refused);
  run(worker.close());
}

TEST_F(BlockingProcessorTest, DestroyingTheWorkerAndTheLoopLeavesAnEndlessProcessorAlone) {
  struct Shared {
    std::atomic<bool> entered = false;
    Hold hold;
    std::atomic<int> refusals = 0;
  };
  const auto shared = std::make_shared<Shared>();
  {
    asio::io_context own;
    bullmq::Queue queue(own.get_executor(), "work", queue_options());
    bullmq::WorkerOptions options = worker_options();
    options.cancel_grace = 50ms;
    bullmq::Worker worker(
        own.get_executor(), "work",
        [shared](bullmq::blocking::Job& job, std::stop_token) {
          shared->entered = true;
          shared->hold.wait();
          try {
            job.log("too late");
          } catch (const bullmq::ConnectionError&) {
            ++shared->refusals;
          }
          return std::string("null");
        },
        options);
    asio::co_spawn(own, queue.add("a"), asio::detached);
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!shared->entered && std::chrono::steady_clock::now() < until) own.run_one_for(100ms);
    ASSERT_TRUE(shared->entered);
  }
  shared->hold.release();
  EXPECT_TRUE(eventually([&] { return shared->refusals == 1; }));
}

TEST_F(BlockingProcessorTest, TheLoopRunsEmptyAfterAWorkerClosedWithALostThread) {
  bullmq::Queue queue(loop.get_executor(), "work", queue_options());
  const auto hold = std::make_shared<Hold>();
  const auto entered = std::make_shared<std::atomic<bool>>(false);
  bullmq::WorkerOptions options = worker_options();
  options.cancel_grace = 50ms;
  {
    bullmq::Worker worker(
        loop.get_executor(), "work",
        [hold, entered](bullmq::blocking::Job&, std::stop_token) {
          *entered = true;
          hold->wait();
          return std::string("null");
        },
        options);
    run(queue.add("a"));
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (!*entered && std::chrono::steady_clock::now() < until) loop.run_one_for(100ms);
    run(worker.close(0ms));
  }
  run(queue.close());
  loop.restart();
  // Ends by itself; a timer of somebody who still waits would keep it.
  EXPECT_LT(loop.run_for(20s), 1'000U);
  EXPECT_TRUE(loop.stopped());
  hold->release();
}

}  // namespace
