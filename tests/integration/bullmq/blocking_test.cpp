#include <bullmq/blocking.hpp>

// Whoever includes it gets nothing of Asio.
#if defined(BOOST_ASIO_VERSION) || defined(BOOST_ASIO_DECL) || defined(BOOST_ASIO_HPP)
#error "bullmq/blocking.hpp includes Boost.Asio"
#endif

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <iterator>
#include <latch>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bullmq/nlohmann.hpp"
#include "support/child_server.hpp"
#include "support/eventually.hpp"
#include "support/hold.hpp"

namespace {

namespace blocking = bullmq::blocking;
using bullmq::JobState;
using namespace std::chrono_literals;
using bullmq::Milliseconds;
using shunt::testing::eventually;
using shunt::testing::Hold;
constexpr auto kSoon = 20s;

// What threads that outlive their test's objects may still use.
struct Outliving {
  Hold hold;
  std::atomic<bool> entered = false;
  std::atomic<bool> left = false;
};

class BlockingTest : public ::testing::Test {
 protected:
  shunt::testing::ChildServer redis{{"/usr/bin/python3", SHUNT_TEST_SUPPORT "/redis_server.py"}};
  bullmq::ConnectionOptions connection_options() const {
    bullmq::ConnectionOptions options;
    options.url = "redis://127.0.0.1:" + std::to_string(redis.port());
    return options;
  }
  blocking::Client client{connection_options()};
  blocking::Queue queue{client, "work"};
  blocking::QueueEvents events{client, "work"};
};

TEST_F(BlockingTest, AddsWorksAndReturnsTheResult) {
  blocking::Worker worker(client, "work", [](blocking::Job& job, std::stop_token) {
    job.log("begun");
    job.update_progress("50");
    const auto data = job.data_as<nlohmann::json>();
    return data.at("a").get<int>() + data.at("b").get<int>();
  });
  const auto job = queue.add("sum", R"({"a":2,"b":3})");
  EXPECT_EQ(job.outcome(), bullmq::AddOutcome::created);
  auto handle = job;
  EXPECT_EQ(handle.wait_until_finished(events, kSoon), "5");
  EXPECT_EQ(handle.logs().lines, std::vector<std::string>{"begun"});
  EXPECT_EQ(queue.get_job(job.id())->record().progress, "50");
}

TEST_F(BlockingTest, TellsOfDuplicatesAndRefusals) {
  bullmq::JobOptions options;
  options.job_id = "invoice";
  EXPECT_EQ(queue.add("a", "{}", options).outcome(), bullmq::AddOutcome::created);
  EXPECT_EQ(queue.add("a", "{}", options).outcome(), bullmq::AddOutcome::duplicate);
  options.job_id = "7";
  EXPECT_THROW(queue.add("a", "{}", options), bullmq::ValidationError);
  EXPECT_THROW(queue.job_handle("none").update_data("1"), bullmq::JobError);
  EXPECT_THROW(blocking::Queue(client, "a:b"), bullmq::ValidationError);
  EXPECT_FALSE(queue.get_job("none"));
}

TEST_F(BlockingTest, AdministersAQueue) {
  std::vector<bullmq::BulkJob> jobs(3);
  for (auto& job : jobs) job.name = "bulk";
  jobs[2].options.delay = 1h;
  EXPECT_EQ(queue.add_bulk(jobs).size(), 3U);
  EXPECT_EQ(queue.count(), 3);
  EXPECT_EQ(queue.job_counts()[JobState::delayed], 1);
  queue.pause();
  EXPECT_TRUE(queue.is_paused());
  queue.resume();
  queue.promote_jobs();
  EXPECT_EQ(queue.job_counts()[JobState::waiting], 3);
  EXPECT_EQ(queue.get_jobs({JobState::waiting}).size(), 3U);
  queue.drain();
  EXPECT_EQ(queue.count(), 0);
  queue.obliterate();
}

TEST_F(BlockingTest, WaitingTellsAFailureAndATimeout) {
  blocking::Worker worker(client, "work", [](blocking::Job&, std::stop_token) -> std::string {
    throw bullmq::UnrecoverableError("no such account");
  });
  auto failing = queue.add("a");
  try {
    const auto value = failing.wait_until_finished(events, kSoon);
    FAIL() << "returned " << value;
  } catch (const bullmq::JobFailedError& error) {
    EXPECT_STREQ(error.what(), "no such account");
  }
  worker.close();
  auto waiting = queue.add("b");
  EXPECT_THROW((void)waiting.wait_until_finished(events, 50ms), bullmq::WaitTimeoutError);
}

TEST_F(BlockingTest, TheResultOfAJobThatIsRemovedWithItsEndIsTold) {
  Hold waited_for;
  bullmq::WorkerOptions both_at_once;
  both_at_once.concurrency = 2;
  blocking::Worker worker(
      client, "work",
      [&](blocking::Job& job, std::stop_token) -> std::string {
        waited_for.wait();
        // The first look at the job is over by now.
        std::this_thread::sleep_for(2s);
        if (job.name() == "bad") throw bullmq::UnrecoverableError("no such account");
        return "[1]";
      },
      both_at_once);
  bullmq::JobOptions options;
  bullmq::KeepJobs none;
  none.count = 0;
  options.remove_on_complete = none;
  options.remove_on_fail = none;
  auto good = queue.add("good", "{}", options);
  auto bad = queue.add("bad", "{}", options);
  const auto begin_to_wait = [this](blocking::Job& job) {
    return std::async(std::launch::async, [&job, this] { return job.wait_until_finished(events, kSoon); });
  };
  auto value_of_good = begin_to_wait(good);
  auto value_of_bad = begin_to_wait(bad);
  waited_for.release();
  EXPECT_EQ(value_of_good.get(), "[1]");
  EXPECT_FALSE(queue.get_job(good.id()));
  try {
    const auto value = value_of_bad.get();
    FAIL() << "returned " << value;
  } catch (const bullmq::JobFailedError& error) {
    EXPECT_STREQ(error.what(), "no such account");
  }
}

TEST_F(BlockingTest, ManyThreadsUseOneQueue) {
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([this] {
      for (int i = 0; i < 25; ++i) (void)queue.add("a");
    });
  }
  threads.clear();
  EXPECT_EQ(queue.count(), 200);
}

TEST_F(BlockingTest, ProcessorsBlockSideBySideAndMoreOfThemWhenConcurrencyRises) {
  std::latch all_three(3);
  bullmq::WorkerOptions options;
  options.concurrency = 2;
  blocking::Worker worker(
      client, "work",
      [&](blocking::Job&, std::stop_token) {
        all_three.arrive_and_wait();
        return std::string("true");
      },
      options);
  std::vector<blocking::Job> jobs;
  for (int i = 0; i < 3; ++i) jobs.push_back(queue.add("a"));
  ASSERT_TRUE(eventually([&] { return worker.active_count() == 2; }));
  EXPECT_EQ(queue.job_counts()[JobState::waiting], 1);
  worker.set_concurrency(3);
  for (auto& job : jobs) EXPECT_EQ(job.wait_until_finished(events, kSoon), "true");
}

TEST_F(BlockingTest, AListenerThatWouldWaitForItselfGetsAnError) {
  std::promise<std::string> refused;
  blocking::QueueEvents listening(client, "work", [&](const bullmq::QueueEvent& event) {
    if (event.name != "added") return;
    try {
      (void)queue.count();
      refused.set_value("not refused");
    } catch (const bullmq::Error& error) {
      refused.set_value(error.what());
    }
  });
  listening.wait_until_ready();
  (void)queue.add("a");
  auto result = refused.get_future();
  ASSERT_EQ(result.wait_for(kSoon), std::future_status::ready);
  EXPECT_NE(result.get().find("wait for itself"), std::string::npos);
}

TEST_F(BlockingTest, AProcessorThatClosesItsOwnWorkerGetsAnError) {
  std::optional<blocking::Worker> worker;
  Hold made;
  worker.emplace(client, "work", [&](blocking::Job&, std::stop_token) {
    made.wait();
    worker->close();
    return std::string("null");
  });
  made.release();
  auto job = queue.add("a");
  EXPECT_THROW((void)job.wait_until_finished(events, kSoon), bullmq::JobFailedError);
  EXPECT_NE(queue.get_job(job.id())->record().failed_reason->find("its own worker"), std::string::npos);
}

TEST_F(BlockingTest, ACancelReachesTheProcessorThroughItsStopToken) {
  blocking::Worker worker(client, "work", [](blocking::Job&, std::stop_token stop) -> std::string {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait(lock, stop, [] { return false; });
    throw bullmq::UnrecoverableError("gave up on request");
  });
  auto job = queue.add("a");
  ASSERT_TRUE(eventually([&] { return worker.cancel_job(job.id()); }));
  EXPECT_THROW((void)job.wait_until_finished(events, kSoon), bullmq::JobFailedError);
}

TEST_F(BlockingTest, AProcessorThatIgnoresItsTimeoutKeepsItsThreadTaken) {
  Hold hold;
  std::mutex mutex;
  std::string told;
  bullmq::WorkerOptions options;
  // It holds for the job that is well, too.
  options.job_timeout = 2s;
  options.cancel_grace = 50ms;
  blocking::WorkerListeners listeners;
  listeners.error = [&](const std::exception& error) {
    const std::lock_guard guard(mutex);
    told += error.what();
  };
  std::atomic<int> runs = 0;
  blocking::Worker worker(
      client, "work",
      [&](blocking::Job&, std::stop_token) {
        if (++runs == 1) hold.wait();
        return std::string("null");
      },
      options, listeners);
  auto stuck = queue.add("stuck");
  auto next = queue.add("next");
  EXPECT_THROW((void)stuck.wait_until_finished(events, kSoon), bullmq::JobFailedError);
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard guard(mutex);
    return told.find("its thread is lost") != std::string::npos;
  }));
  EXPECT_TRUE(eventually([&] { return worker.active_count() == 0; }));
  EXPECT_EQ(next.state(), JobState::waiting);
  hold.release();
  EXPECT_EQ(next.wait_until_finished(events, kSoon), "null");
  EXPECT_EQ(runs, 2);
}

TEST_F(BlockingTest, DestroyingAWorkerGivesBackTheJobOfAProcessorThatDoesNotEnd) {
  const auto outliving = std::make_shared<Outliving>();
  auto job = queue.add("a");
  {
    bullmq::WorkerOptions options;
    options.cancel_grace = 50ms;
    blocking::Worker worker(
        client, "work",
        [outliving](blocking::Job& mine, std::stop_token) {
          outliving->entered = true;
          outliving->hold.wait();
          try {
            mine.log("too late");
          } catch (const bullmq::ConnectionError&) {
            outliving->left = true;
          }
          return std::string("null");
        },
        options);
    ASSERT_TRUE(eventually([&] { return outliving->entered.load(); }));
  }
  EXPECT_EQ(job.state(), JobState::waiting);
  outliving->hold.release();
  EXPECT_TRUE(eventually([&] { return outliving->left.load(); }));
  EXPECT_EQ(job.logs().count, 0);
}

TEST_F(BlockingTest, ObjectsMayGoInAnyOrder) {
  std::optional<blocking::Client> mine(std::in_place, connection_options());
  std::optional<blocking::Queue> jobs(std::in_place, *mine, "other");
  auto job = jobs->add("a");
  mine.reset();
  EXPECT_EQ(jobs->count(), 1);
  jobs.reset();
  EXPECT_EQ(job.name(), "a");
  EXPECT_THROW((void)job.state(), bullmq::ConnectionError);
}

// Of this process.
std::ptrdiff_t thread_count() {
  const std::filesystem::directory_iterator threads("/proc/self/task");
  return std::distance(begin(threads), end(threads));
}

TEST_F(BlockingTest, AListenerMayDropTheLastObject) {
  const auto threads = thread_count();
  auto mine = std::make_unique<blocking::Client>(connection_options());
  std::optional<blocking::Worker> worker;
  std::promise<void> gone;
  Hold made;
  blocking::WorkerListeners listeners;
  listeners.drained = [&] {
    made.wait();
    if (!worker) return;
    worker.reset();
    gone.set_value();
  };
  worker.emplace(
      *mine, "idle", [](blocking::Job&, std::stop_token) { return std::string("null"); },
      bullmq::WorkerOptions(), listeners);
  mine.reset();
  made.release();
  EXPECT_EQ(gone.get_future().wait_for(kSoon), std::future_status::ready);
  // The thread that dropped its own loop cannot be joined. It ends all the same, and takes what OpenSSL keeps
  // for it along.
  EXPECT_TRUE(eventually([&] { return thread_count() == threads; }));
}

TEST_F(BlockingTest, CustomEventsArrive) {
  std::promise<std::string> heard;
  blocking::QueueEvents listening(client, "work", [&](const bullmq::QueueEvent& event) {
    if (event.name == "greeting") heard.set_value(std::string(event.field("to")));
  });
  listening.wait_until_ready();
  blocking::QueueEventsProducer producer(client, "work");
  producer.publish("greeting", {{"to", "Ada"}});
  auto result = heard.get_future();
  ASSERT_EQ(result.wait_for(kSoon), std::future_status::ready);
  EXPECT_EQ(result.get(), "Ada");
}

TEST_F(BlockingTest, JobsAreFetchedAndFinishedByHand) {
  bullmq::WorkerOptions options;
  options.autorun = false;
  blocking::Worker worker(client, "work", options);
  auto added = queue.add("a");
  auto job = worker.get_next_job("my-token");
  ASSERT_TRUE(job);
  EXPECT_EQ(job->token(), "my-token");
  EXPECT_TRUE(job->extend_lock(30s));
  job->move_to_completed("[1]");
  EXPECT_EQ(added.wait_until_finished(events, kSoon), "[1]");
}

TEST(BlockingClient, AnAddFailsWithinItsDeadlineWhenRedisIsAbsent) {
  bullmq::ConnectionOptions options;
  options.url = "redis://127.0.0.1:1";
  options.command_timeout = 200ms;
  blocking::Client client(options);
  blocking::Queue queue(client, "work");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_THROW((void)queue.add("a"), bullmq::ConnectionError);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  EXPECT_THROW(client.wait_until_ready(), bullmq::ConnectionError);
}

TEST(BlockingClient, RefusesOptionsThatItDoesNotUnderstand) {
  bullmq::ConnectionOptions options;
  options.url = "http://127.0.0.1";
  EXPECT_THROW(blocking::Client client(options), bullmq::ValidationError);
}

}  // namespace
