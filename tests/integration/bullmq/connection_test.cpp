// One connection and one healthy server: what goes through it, and how it ends.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/detached.hpp>
#include <vector>

#include "bullmq/connection.hpp"
#include "bullmq/queue.hpp"
#include "bullmq_scripts.hpp"
#include "core/queue_keys.hpp"
#include "event_loop.hpp"
#include "redis_process.hpp"
#include "support/sanitized.hpp"

namespace bullmq::testing {
namespace {

class ConnectionTest : public ::testing::Test {
 protected:
  std::shared_ptr<Connection> connect(ConnectionOptions options = {}) {
    if (options.url.empty()) options.url = redis.url();
    return Connection::open(loop.executor(), std::move(options));
  }
  Answered ask_now(const std::shared_ptr<Connection>& connection, Command command) {
    return loop.run(ask(connection, std::move(command)));
  }

  RedisProcess redis;
  EventLoop loop;
};

awaitable<void> append_numbers(std::shared_ptr<Connection> connection, int count, int& wrong) {
  for (int i = 1; i <= count; ++i) {
    const auto answer = co_await ask(connection, make_command("INCR", "counter"));
    if (answer.failure) ++wrong;
  }
}

TEST_F(ConnectionTest, ManyCoroutinesShareItAndEachGetsItsOwnAnswer) {
  const auto connection = connect();
  int wrong = 0;
  for (int i = 0; i < 200; ++i) {
    loop.spawn([](std::shared_ptr<Connection> c, int n, int& failures) -> awaitable<void> {
      for (int k = 0; k < 20; ++k) {
        const std::string text = std::to_string(n) + ":" + std::to_string(k);
        const auto answer = co_await ask(c, make_query("ECHO", text));
        if (answer.reply.text != text) ++failures;
      }
    }(connection, i, wrong));
  }
  loop.finish();
  EXPECT_EQ(wrong, 0);
}

awaitable<void> push(std::shared_ptr<Connection> connection, int number) {
  co_await connection->execute(make_command("RPUSH", "list", number));
}

TEST_F(ConnectionTest, CommandsAreExecutedInTheOrderOfTheirCallsEvenBeforeItIsUp) {
  const auto connection = connect();
  for (int i = 0; i < 2'000; ++i) loop.spawn(push(connection, i));
  loop.finish();
  for (int i = 2'000; i < 4'000; ++i) loop.spawn(push(connection, i));
  loop.finish();
  const Reply list = redis({"LRANGE", "list", "0", "-1"});
  ASSERT_EQ(list.elements.size(), 4'000U);
  for (std::size_t i = 0; i < 4'000; ++i) ASSERT_EQ(list.elements[i].text, std::to_string(i));
}

TEST_F(ConnectionTest, WhatComesTogetherGoesOutTogether) {
  const auto connection = connect();
  loop.run(connection->wait_until_up());
  const auto before = std::stoll(redis.info("total_reads_processed"));
  int wrong = 0;
  for (int i = 0; i < 1'000; ++i) loop.spawn(append_numbers(connection, 1, wrong));
  loop.finish();
  EXPECT_EQ(wrong, 0);
  // Redis reads 16 KiB at a time.
  EXPECT_LT(std::stoll(redis.info("total_reads_processed")) - before, 50);
}

TEST_F(ConnectionTest, AnyBytesGoThereAndBack) {
  const auto connection = connect();
  std::string bytes;
  for (int i = 0; i < 1'024; ++i) bytes += static_cast<char>(i * 7);
  bytes += std::string("\0\r\n$3\r\n\xff\xfe\xc0", 10);
  ask_now(connection, make_command("SET", bytes, bytes));
  EXPECT_EQ(ask_now(connection, make_query("GET", bytes)).reply.text, bytes);
}

// JSON may have anything around its values that it calls white space, and any character in its texts.
TEST_F(ConnectionTest, JobDataIsStoredAsItIsToTheByte) {
  Queue queue(loop.executor(), "bytes", {.connection = {.url = redis.url()}});
  const std::string data = " { \"a\\u0000\" :\r\n\t[1.50, \"\xF0\x9F\x8E\xA8\x7F\"] } ";
  const Job job = loop.run(queue.add("job", data));
  EXPECT_EQ(redis({"HGET", "bull:bytes:" + job.id(), "data"}).text, data);
  const auto read = loop.run(queue.get_job(job.id()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->data(), data);
}

TEST_F(ConnectionTest, PayloadsOf16MiBPassWithSmallCommandsBetween) {
  const auto connection = connect();
  std::string large(16UL * 1024 * 1024, 'x');
  for (std::size_t i = 0; i < large.size(); i += 4'096) large[i] = static_cast<char>(i >> 12);
  int wrong = 0;
  for (int round = 0; round < 3; ++round) {
    loop.spawn([](std::shared_ptr<Connection> c, const std::string& value, int& failures) -> awaitable<void> {
      co_await ask(c, make_command("SET", "large", value));
      const auto answer = co_await ask(c, make_query("GET", "large"));
      if (answer.reply.text != value) ++failures;
    }(connection, large, wrong));
    loop.spawn(append_numbers(connection, 100, wrong));
  }
  loop.finish();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(redis({"GET", "counter"}).text, "300");
}

std::size_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  in >> total >> resident;
  return resident * static_cast<std::size_t>(getpagesize());
}

TEST_F(ConnectionTest, AHugeAnswerLeavesNoMemoryBehind) {
  if (shunt::kSanitized) GTEST_SKIP() << "sanitizers keep what is freed";
  constexpr std::size_t kSize = 200UL * 1024 * 1024;
  const auto connection = connect({.command_timeout = 60s});
  redis({"SETRANGE", "large", std::to_string(kSize - 1), "x"});
  ask_now(connection, make_query("PING"));
  const auto before = resident_bytes();
  for (int i = 0; i < 2; ++i) {
    const auto size = [&] { return ask_now(connection, make_query("GET", "large")).reply.text.size(); }();
    EXPECT_EQ(size, kSize);
  }
  EXPECT_LT(resident_bytes(), before + kSize / 5);
}

Command nested(int depth) {
  return make_query("EVAL", "local t = 'x'; for i = 1, tonumber(ARGV[1]) do t = {t} end; return t", 0, depth);
}

TEST_F(ConnectionTest, NestedAnswersComeAsTheyAreAndTooDeepOnesFailOnlyTheirCommand) {
  const auto connection = connect();
  // What every hiredis parses: 0.14 takes no deeper ones.
  Answered answered = ask_now(connection, nested(7));
  const Reply* reply = &answered.reply;
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(reply->elements.size(), 1U) << answered.message();
    reply = &reply->elements[0];
  }
  EXPECT_EQ(reply->text, "x");
  const auto deep = ask_now(connection, nested(20));
  EXPECT_EQ(deep.word(), "unknown");
  EXPECT_EQ(ask_now(connection, make_query("PING")).reply.text, "PONG");
  EXPECT_EQ(connection->times_up(), 2U) << "the query that breaks the connection was sent again";
}

TEST_F(ConnectionTest, AnAnswerOverMaxReplyBytesFailsItsCommandAndNoOther) {
  const auto connection = connect({.max_reply_bytes = 1'000'000});
  redis({"SETRANGE", "large", "1100000", "x"});
  redis({"EVAL", "for i = 1, 100000 do redis.call('RPUSH', 'many', i) end", "0"});
  for (const char* command : {"GET large", "LRANGE many 0 -1"}) {
    const auto answered = command[0] == 'G' ? ask_now(connection, make_query("GET", "large"))
                                            : ask_now(connection, make_query("LRANGE", "many", 0, -1));
    EXPECT_EQ(answered.word(), "unknown") << command;
    EXPECT_NE(answered.message().find("max_reply_bytes"), std::string::npos) << answered.message();
    EXPECT_EQ(ask_now(connection, make_query("PING")).reply.text, "PONG");
  }
  EXPECT_EQ(connection->times_up(), 3U);
}

TEST_F(ConnectionTest, WhatExceedsMaxUnsentBytesFailsAtOnceAndIsNotExecuted) {
  redis.suspend();
  const auto connection =
      connect({.connect_timeout = 20s, .command_timeout = 20s, .max_unsent_bytes = 100'000});
  std::vector<std::string> words;
  for (int i = 0; i < 12; ++i) {
    loop.spawn([](std::shared_ptr<Connection> c, std::vector<std::string>& ended) -> awaitable<void> {
      const auto answered = co_await ask(c, make_command("RPUSH", "list", std::string(10'000, 'x')));
      ended.push_back(answered.word());
    }(connection, words));
  }
  loop.until([&] { return words.size() == 3; });
  EXPECT_EQ(words, std::vector<std::string>(3, "not executed"));
  redis.resume();
  loop.finish();
  EXPECT_EQ(redis({"LLEN", "list"}).integer, 9);
}

TEST_F(ConnectionTest, AnErrorOfRedisIsAnErrorOfItsCommandOnly) {
  const auto connection = connect();
  redis({"SET", "text", "x"});
  const auto answered = ask_now(connection, make_command("LPUSH", "text", 1));
  EXPECT_EQ(answered.message(), "WRONGTYPE Operation against a key holding the wrong kind of value");
  EXPECT_THROW(std::rethrow_exception(answered.failure), RedisError);
  EXPECT_EQ(ask_now(connection, make_query("PING")).reply.text, "PONG");
  EXPECT_EQ(connection->times_up(), 1U);
}

TEST_F(ConnectionTest, AnUnknownScriptIsLoadedAlsoWithinATransaction) {
  Queue queue(loop.executor(), "scripts", {.connection = {.url = redis.url()}});
  loop.run(queue.add("first"));
  redis({"SCRIPT", "FLUSH"});
  loop.run(queue.add("second"));
  const auto bulk = [&](bool mixed) {
    std::vector<BulkJob> jobs(50);
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      jobs[i].name = "bulk";
      if (mixed && i % 2 == 1) jobs[i].options.delay = Milliseconds(60'000);
    }
    return loop.run(queue.add_bulk(std::move(jobs))).size();
  };
  EXPECT_EQ(bulk(false), 50U);
  redis({"SCRIPT", "FLUSH"});
  EXPECT_EQ(bulk(false), 50U);
  redis({"SCRIPT", "FLUSH"});
  EXPECT_EQ(bulk(true), 50U);
  JobOptions named;
  named.job_id = "mine";
  redis({"SCRIPT", "FLUSH"});
  loop.run(queue.add("named", "{}", named));
  EXPECT_EQ(redis({"LLEN", "bull:scripts:wait"}).integer, 128);
  EXPECT_EQ(redis({"ZCARD", "bull:scripts:delayed"}).integer, 25);
  EXPECT_EQ(redis({"GET", "bull:scripts:id"}).text, "153") << "a job was added twice";
}

TEST_F(ConnectionTest, AScriptsTextIsSentOnceAConnection) {
  Queue queue(loop.executor(), "texts", {.connection = {.url = redis.url()}});
  const auto add = [](Queue& q) -> awaitable<void> { co_await q.add("job"); };
  for (int i = 0; i < 500; ++i) loop.spawn(add(queue));
  loop.finish();
  redis({"SCRIPT", "FLUSH"});
  for (int i = 0; i < 500; ++i) loop.spawn(add(queue));
  loop.finish();
  // Each is 20 KB: one for the first burst, and one for each of the reads in which the refusals came.
  EXPECT_EQ(redis({"LLEN", "bull:texts:wait"}).integer, 1'000);
  const std::string stats = redis({"INFO", "commandstats"}).text;
  const auto at = stats.find("cmdstat_eval:calls=");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LE(std::stoi(stats.substr(at + 19)), 12);
}

TEST_F(ConnectionTest, EndsAtOnceWhenACoroutineIsCancelled) {
  const auto connection = connect();
  loop.run(connection->wait_until_up());
  asio::cancellation_signal signal;
  std::string ended;
  Command blocking = make_command("BLPOP", "nothing", 0);
  asio::co_spawn(loop.executor(), ask(connection, std::move(blocking)),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, Answered answered) { ended = answered.word(); }));
  loop.until([&] { return redis.info("blocked_clients") == "1"; });
  signal.emit(asio::cancellation_type::terminal);
  // A second one, before the first has been told, and one after it.
  signal.emit(asio::cancellation_type::terminal);
  loop.until([&] { return !ended.empty(); });
  signal.emit(asio::cancellation_type::terminal);
  EXPECT_NE(ended.find("cancel"), std::string::npos) << ended;
  // Its answer comes all the same, and is nobody else's.
  redis({"RPUSH", "nothing", "x"});
  EXPECT_EQ(ask_now(connection, make_query("ECHO", "mine")).reply.text, "mine");
}

TEST_F(ConnectionTest, CancellingWhatHasFailedAlreadyIsHarmless) {
  const auto connection = connect({.max_unsent_bytes = 10});
  asio::cancellation_signal signal;
  std::string ended;
  asio::co_spawn(loop.executor(), ask(connection, make_command("SET", "key", "value")),
                 asio::bind_cancellation_slot(
                     signal.slot(), [&](std::exception_ptr, Answered answered) { ended = answered.word(); }));
  // The command is refused and its coroutine not told yet.
  for (int i = 0; i < 100 && ended.empty(); ++i) {
    loop.count_for(0ms);
    signal.emit(asio::cancellation_type::terminal);
  }
  loop.until([&] { return !ended.empty(); });
  EXPECT_EQ(ended, "not executed");
}

TEST_F(ConnectionTest, IsClosedInsideAnythingThatItCalls) {
  for (const std::string where : {"on_up", "on_down", "answer"}) {
    auto connection = connect();
    bool closed = false;
    const auto close = [&] {
      if (std::exchange(closed, true)) return;
      connection->close();
      connection.reset();
    };
    auto up = connection->on_up.subscribe([&] {
      if (where == "on_up") close();
      if (where == "on_down")
        asio::post(loop.executor(), [&] {
          if (connection) connection->interrupt();
        });
    });
    auto down = connection->on_down.subscribe([&] {
      if (where == "on_down") close();
    });
    std::vector<std::string> ended;
    for (int i = 0; i < 20; ++i) {
      loop.spawn([](std::shared_ptr<Connection> c, std::vector<std::string>& words,
                    std::function<void()> end) -> awaitable<void> {
        std::weak_ptr<Connection> weak = c;
        Command command = make_command("INCR", "counter");
        std::exception_ptr failure;
        try {
          auto waiting = c->execute(std::move(command));
          c.reset();
          co_await std::move(waiting);
        } catch (...) {
          failure = std::current_exception();
        }
        words.push_back(word_of(failure));
        if (end) end();
      }(connection, ended, where == "answer" ? std::function<void()>(close) : nullptr));
    }
    loop.finish();
    loop.until([&] { return closed; });
    EXPECT_EQ(ended.size(), 20U) << where;
  }
}

TEST_F(ConnectionTest, WhatAnswersThrowLeavesTheConnectionWorking) {
  const auto connection = connect();
  loop.run(connection->wait_until_up());
  bool thrown = false;
  asio::co_spawn(loop.executor(), ask(connection, make_query("PING")),
                 [](std::exception_ptr, Answered) { throw Error("from a handler"); });
  int wrong = 0;
  loop.spawn(append_numbers(connection, 3, wrong));
  try {
    loop.finish();
  } catch (const Error&) {
    thrown = true;
  }
  loop.finish();
  EXPECT_TRUE(thrown);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(connection->times_up(), 1U);
}

TEST_F(ConnectionTest, DrainsBeforeItClosesAndEachOfSeveralClosersReturns) {
  const auto connection = connect();
  loop.run(connection->wait_until_up());
  int wrong = 0;
  for (int i = 0; i < 100; ++i) loop.spawn(append_numbers(connection, 1, wrong));
  for (int i = 0; i < 3; ++i) loop.spawn(connection->drain_and_close());
  loop.finish();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(redis({"GET", "counter"}).text, "100");
  EXPECT_EQ(ask_now(connection, make_query("PING")).message(), "Connection is closed.");
}

TEST_F(ConnectionTest, AQueueClosesAtOnceWhileNothingAnswers) {
  redis.suspend();
  Queue queue(loop.executor(), "closing", {.connection = {.url = redis.url()}});
  std::string ended;
  loop.spawn([](Queue& q, std::string& word) -> awaitable<void> {
    std::exception_ptr failure;
    try {
      co_await q.add("job");
    } catch (...) {
      failure = std::current_exception();
    }
    word = word_of(failure);
  }(queue, ended));
  loop.run_for(50ms);
  const auto start = Clock::now();
  loop.run(queue.close());
  loop.finish();
  EXPECT_LT(Clock::now() - start, 5s) << "the deadline is 10 s";
  EXPECT_EQ(ended, "not executed");
  redis.resume();
}

TEST_F(ConnectionTest, DestroyedQueuesLeaveNoConnectionAndNoWork) {
  loop.run([](Executor executor, std::string url) -> awaitable<void> {
    for (int i = 0; i < 20; ++i) {
      Queue queue(executor, "gone", {.connection = {.url = url}});
      if (i % 2 == 0) co_await queue.wait_until_ready();
    }
  }(loop.executor(), redis.url()));
  loop.until([&] { return redis.info("connected_clients") == "1"; });
  // Nothing keeps the loop: it ends by itself.
  loop.run_for(100ms);
  loop.poll();
  EXPECT_EQ(loop.count_for(50ms), 0U);
}

TEST_F(ConnectionTest, AnIdleConnectionDoesNothing) {
  const auto connection = connect({.command_timeout = 100ms});
  int wrong = 0;
  for (int i = 0; i < 100; ++i) loop.spawn(append_numbers(connection, 10, wrong));
  loop.finish();
  loop.run_for(300ms);
  loop.poll();
  EXPECT_EQ(loop.count_for(500ms), 0U);
}

TEST_F(ConnectionTest, DeadlinesCostNoTimerACommand) {
  const auto connection = connect();
  loop.run(connection->wait_until_up());
  // One write and one read for all of these, and for each the start and end of its coroutine: a timer for
  // each would show.
  int wrong = 0;
  for (int i = 0; i < 1'000; ++i) loop.spawn(append_numbers(connection, 1, wrong));
  EXPECT_LT(loop.count_for(1s), 2'500U);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace bullmq::testing
