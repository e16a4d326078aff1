// What is promised of operations that share calls (docs/bullmq/fast-path.md), beside leaving the same as
// upstream's.
#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include "bullmq/queue.hpp"
#include "fast_path_side.hpp"

namespace bullmq::testing {
namespace {

// How the add ended, as word_of() says it.
awaitable<void> add_and_tell(Side& side, JobToAdd job, std::string& word) {
  std::exception_ptr failure;
  try {
    co_await side.backend->add(job);
  } catch (...) {
    failure = std::current_exception();
  }
  word = word_of(failure);
}

TEST(FastPath, OneBadJobOfManyFailsAlone) {
  EventLoop loop;
  Side side(loop, true);
  // The third job's number; its key has the wrong type.
  side.ask(make_command("SADD", side.backend->keys().job("3"), "not a hash"));
  std::vector<JobToAdd> jobs(5);
  for (JobToAdd& job : jobs) {
    job.name = "paint";
    job.data = "{}";
  }
  const Words words = all<JobToAdd>(side, jobs, add_one);
  EXPECT_EQ(words[1], "2");
  EXPECT_TRUE(words[2].starts_with("error: WRONGTYPE")) << words[2];
  EXPECT_EQ(words[3], "4");
  EXPECT_EQ(side.ask(make_query("LLEN", side.backend->keys().wait)).to_int(), 4);
}

// Lua's unpack() takes just under 8,000 values.
TEST(FastPath, OneCallTakesMoreJobsThanLuaUnpacks) {
  EventLoop loop;
  Side side(loop, true);
  const std::size_t kinds = 3;
  std::vector<JobToAdd> jobs(30'000);
  std::vector<const JobToAdd*> all_of_them;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].name = "paint";
    jobs[i].data = "{}";
    if (i % kinds == 1) jobs[i].options.lifo = true;
    if (i % kinds == 2) jobs[i].options.priority = 1;
    all_of_them.push_back(&jobs[i]);
  }
  const auto added = loop.run(side.backend->add_bulk(all_of_them));
  ASSERT_EQ(added.size(), jobs.size());
  EXPECT_EQ(added.back().id, "30000");
  const auto& keys = side.backend->keys();
  EXPECT_EQ(side.ask(make_query("LLEN", keys.wait)).to_int(), 20'000);
  EXPECT_EQ(side.ask(make_query("ZCARD", keys.prioritized)).to_int(), 10'000);

  const std::size_t slots = 29'000;
  const auto taken = loop.run(side.backend->move_to_active(std::vector<std::string>(slots, "token")));
  ASSERT_EQ(taken.size(), slots);
  EXPECT_EQ(taken.back().record.options.priority, 1);
  EXPECT_EQ(side.ask(make_query("LLEN", keys.wait)).to_int(), 0);
  EXPECT_EQ(side.ask(make_query("LLEN", keys.active)).to_int(), 29'000);
  EXPECT_EQ(side.ask(make_query("ZCARD", keys.prioritized)).to_int(), 1'000);
}

TEST(FastPath, ACancelledAddThatHasNotGoneOutNeverDoes) {
  EventLoop loop;
  Side side(loop, true);
  JobToAdd job;
  job.name = "paint";
  job.data = "{}";
  // As many calls as there may be are on their way, and Redis holds its answers back.
  side.ask(make_command("CLIENT", "PAUSE", 60'000, "WRITE"));
  const auto add = [&]() -> awaitable<void> { co_await side.backend->add(job); };
  for (int call = 0; call < 2; ++call) {
    loop.spawn(add());
    loop.run_for(20ms);
    loop.poll();
  }
  asio::cancellation_signal cancel;
  bool cancelled = false;
  asio::co_spawn(
      loop.executor(), side.backend->add(job),
      asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr failure, QueueBackend::Added) {
        cancelled = failure != nullptr;
      }));
  loop.run_for(20ms);
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.until([&] { return cancelled; });
  // By a connection on which nothing is held back.
  const auto other = Connection::open(loop.executor(), side.connection->options());
  EXPECT_EQ(loop.run(ask(other, make_command("CLIENT", "UNPAUSE"))).word(), "ok");
  loop.finish();
  EXPECT_EQ(loop.run(side.backend->add(job)).id, "3");
}

TEST(FastPath, AddsThatGoAloneKeepTheirPlaceAmongTheOthers) {
  EventLoop loop;
  Side side(loop, true);
  std::vector<JobToAdd> jobs(100);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].name = "paint";
    jobs[i].data = "{}";
    if (i % 3 == 0) jobs[i].options.deduplication.emplace().id = "each-" + std::to_string(i);
  }
  const Words words = all<JobToAdd>(side, jobs, add_one);
  for (std::size_t i = 0; i < words.size(); ++i) EXPECT_EQ(words[i], std::to_string(i + 1));
}

TEST(FastPath, AddsThatGoAloneDoNotWaitForEachOther) {
  EventLoop loop;
  Side side(loop, true);
  std::vector<std::string> words(20);
  const auto add = [&](std::size_t i) {
    JobToAdd job;
    job.name = "paint";
    job.data = "{}";
    job.options.deduplication.emplace().id = "each-" + std::to_string(i);
    return add_and_tell(side, std::move(job), words[i]);
  };
  // Redis holds its answers back: what was sent then is what does not wait for answers.
  side.ask(make_command("CLIENT", "PAUSE", 60'000, "WRITE"));
  for (std::size_t i = 0; i < words.size(); ++i) loop.spawn(add(i));
  loop.run_for(100ms);
  loop.poll();
  side.connection->interrupt();
  side.ask(make_command("CLIENT", "UNPAUSE"));
  loop.finish();
  EXPECT_EQ(words, std::vector<std::string>(words.size(), "unknown"));
}

TEST(FastPath, ClosingAQueueSendsWhatWasAddedBefore) {
  EventLoop loop;
  Side side(loop, true);
  QueueOptions options;
  options.connection = side.connection->options();
  options.skip_metas_update = true;
  Queue queue(loop.executor(), "paint", options);
  loop.run(queue.wait_until_ready());
  std::size_t added = 0;
  const auto add = [&]() -> awaitable<void> {
    co_await queue.add("paint", "{}");
    ++added;
  };
  // More than the calls that may be on their way take.
  for (int i = 0; i < 1'200; ++i) loop.spawn(add());
  loop.spawn(queue.close());
  loop.finish();
  EXPECT_EQ(added, 1'200U);
}

TEST(FastPath, WhatWaitsGoesWithItsEventLoop) {
  JobToAdd job;
  job.name = "paint";
  job.data = "{}";
  bool begun = false;
  const auto add = [&](std::shared_ptr<QueueBackend> backend) -> awaitable<void> {
    begun = true;
    co_await backend->add(job);
  };
  std::weak_ptr<QueueBackend> left;
  {
    EventLoop loop;
    Side side(loop, true);
    left = side.backend;
    loop.spawn(add(side.backend));
    // It has joined, and its call would go out in the next turn.
    loop.until([&] { return begun; });
  }
  EXPECT_TRUE(left.expired());
}

TEST(FastPath, WhatWaitsIsBounded) {
  EventLoop loop;
  Side side(loop, true);
  ConnectionOptions options = side.connection->options();
  options.max_unsent_bytes = 10'000;
  const auto connection = Connection::open(loop.executor(), options);
  loop.run(connection->wait_until_up());
  const auto backend = std::make_shared<QueueBackend>(connection, "bull", "paint");
  JobToAdd job;
  job.name = "paint";
  job.data = '"' + std::string(1'000, 'x') + '"';
  std::size_t refused = 0;
  const auto add = [&]() -> awaitable<void> {
    std::exception_ptr failure;
    try {
      co_await backend->add(job);
    } catch (const ConnectionError&) {
      failure = std::current_exception();
    }
    if (failure && word_of(failure) == "not executed") ++refused;
  };
  for (int i = 0; i < 20; ++i) loop.spawn(add());
  loop.finish();
  EXPECT_GT(refused, 5U);
  EXPECT_LT(refused, 15U);
}

TEST(FastPath, ABrokenConnectionIsUnknownForExactlyWhatWasOnItsWay) {
  EventLoop loop;
  Side side(loop, true);
  JobToAdd job;
  job.name = "paint";
  job.data = "{}";
  Words words(3);
  const auto add = [&](std::size_t i) { return add_and_tell(side, job, words[i]); };
  // Redis holds its answers back, and then the connection breaks.
  side.ask(make_command("CLIENT", "PAUSE", 60'000, "WRITE"));
  loop.spawn(add(0));
  loop.spawn(add(1));
  loop.run_for(100ms);
  loop.poll();
  side.connection->interrupt();
  loop.spawn(add(2));
  loop.until([&] { return !words[0].empty() && !words[1].empty(); });
  EXPECT_EQ(words[0], "unknown");
  EXPECT_EQ(words[1], "unknown");
  side.ask(make_command("CLIENT", "UNPAUSE"));
  loop.finish();
  EXPECT_EQ(words[2], "ok");
}

}  // namespace
}  // namespace bullmq::testing
