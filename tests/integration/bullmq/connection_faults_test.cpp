// A server that is not there, hangs, dies, is full, forgets scripts or throws its clients out.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <random>

#include "add_load.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "tcp_proxy.hpp"

namespace bullmq::testing {
namespace {

// A listening socket of the test's own.
class Listener {
 public:
  // Nobody accepts. With a backlog that is full, the kernel answers nobody either: a black hole.
  explicit Listener(bool full) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address_), size) != 0 || listen(fd_, full ? 0 : 128) != 0)
      throw std::runtime_error("cannot listen");
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address_), &size);
    for (int i = 0; full && i < 8; ++i) {
      fillers_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      [[maybe_unused]] const int pending =
          connect(fillers_.back(), reinterpret_cast<sockaddr*>(&address_), size);
    }
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() {
    ::close(fd_);
    for (const int filler : fillers_) ::close(filler);
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return ntohs(address_.sin_port); }

 private:
  int fd_;
  sockaddr_in address_{};
  std::vector<int> fillers_;
};

class Unreachable : public ::testing::Test {
 protected:
  // An add fails by its deadline, and says why: what became of the last attempt to connect. The deadline is
  // doubled until an attempt was over before, on a busy machine, too.
  std::string message_of_an_add(ConnectionOptions connection) {
    connection.connect_timeout = 250ms;
    connection.reconnect_max = 100ms;
    std::string reason;
    for (auto deadline = 600ms; reason.empty() && deadline < 10s; deadline *= 2) {
      connection.command_timeout = deadline;
      const std::string message = message_within(connection);
      const std::string begin =
          "no connection to Redis within " + std::to_string(deadline.count()) + " ms; the last attempt: ";
      if (message.starts_with(begin)) reason = message.substr(begin.size());
    }
    return reason;
  }
  std::string message_within(const ConnectionOptions& connection) {
    Queue queue(loop.executor(), "unreachable", {.connection = connection});
    const auto start = Clock::now();
    std::string message;
    try {
      loop.run(queue.add("job"));
    } catch (const CommandTimeoutError& error) {
      EXPECT_EQ(error.fate(), Fate::not_executed);
      message = error.what();
    }
    const auto took = Clock::now() - start;
    EXPECT_GE(took, connection.command_timeout - 10ms);
    EXPECT_LT(took, connection.command_timeout + 5s);
    return message;
  }
  EventLoop loop;
};

TEST_F(Unreachable, APortWhereNobodyListens) {
  const auto port = free_port();
  const std::string message = message_of_an_add({.url = "redis://127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(message, "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused");
}

TEST_F(Unreachable, APortThatAcceptsAndSaysNothing) {
  const Listener silent(false);
  const std::string message =
      message_of_an_add({.url = "redis://127.0.0.1:" + std::to_string(silent.port())});
  EXPECT_NE(message.find("no connection within connect_timeout (250 ms), in the handshake with 127.0.0.1"),
            std::string::npos)
      << message;
}

TEST_F(Unreachable, ABlackHole) {
  const Listener hole(true);
  const std::string at = "127.0.0.1:" + std::to_string(hole.port());
  const std::string message = message_of_an_add({.url = "redis://" + at});
  EXPECT_NE(message.find("no connection within connect_timeout (250 ms), connecting to " + at),
            std::string::npos)
      << message;
}

TEST_F(Unreachable, ANameThatDoesNotResolve) {
  const std::string message = message_of_an_add({.url = "redis://no-such-host.invalid"});
  EXPECT_NE(message.find("no-such-host.invalid"), std::string::npos) << message;
}

TEST_F(Unreachable, AnAddFailsAtOnceWithoutOfflineQueue) {
  Queue queue(
      loop.executor(), "unreachable",
      {.connection = {.url = "redis://127.0.0.1:" + std::to_string(free_port()), .offline_queue = false}});
  loop.run_for(50ms);
  const auto start = Clock::now();
  AddTally tally;
  loop.run(add_one(queue, "job", tally));
  EXPECT_EQ(tally.not_executed.size(), 1U);
  EXPECT_LT(Clock::now() - start, 5s) << "the deadline is 10 s";
}

TEST(ConnectionFaults, RedisAbsentAtTheStartIsFoundWhenItComes) {
  RedisProcess redis({.arguments = {}, .password = {}, .begin = false});
  EventLoop loop;
  int processed = 0;
  Worker worker(loop.executor(), "late",
                [&](const Job&, std::stop_token) -> awaitable<std::string> {
                  ++processed;
                  co_return "1";
                },
                {.connection = {.url = redis.url(), .reconnect_max = 200ms}});
  Queue queue(loop.executor(), "late",
              {.connection = {.url = redis.url(), .command_timeout = 300ms, .reconnect_max = 200ms}});
  AddTally tally;
  loop.run(add_one(queue, "first", tally));
  EXPECT_EQ(tally.not_executed.size(), 1U);
  redis.start();
  loop.until([&] {
    loop.run(add_one(queue, "second", tally));
    return !tally.added.empty();
  });
  const auto added = static_cast<int>(tally.added.size());
  loop.until([&] { return processed >= added; });
  loop.run(worker.close(5s));
  // One that was not told in time may be there all the same.
  EXPECT_LE(processed, added + static_cast<int>(tally.unknown.size()));
}

// Stopped as an operator does it, or killed, and started again.
class RestartUnderLoad : public ::testing::TestWithParam<bool> {};

TEST_P(RestartUnderLoad, EveryAddEndsAndItsFateIsTrue) {
  RedisProcess redis({.arguments = {"--appendonly", "yes", "--appendfsync", "always"}});
  EventLoop loop;
  Queue queue(loop.executor(), "restart",
              {.connection = {.url = redis.url(), .command_timeout = 2s, .reconnect_max = 100ms}});
  AddTally tally;
  start_adding(loop, queue, tally);
  std::size_t before = 0;
  for (int i = 0; i < 4; ++i) {
    // Adds succeed again after each start.
    loop.until([&] { return tally.added.size() > before + 200; });
    GetParam() ? redis.kill() : redis.stop();
    loop.run_for(i % 2 == 0 ? 50ms : 200ms);
    redis.start();
    before = tally.added.size();
  }
  loop.until([&] { return tally.added.size() > before + 200; });
  tally.stop = true;
  loop.finish();
  EXPECT_TRUE(tally.refused.empty());
  expect_fates_told_truly(redis, "restart", tally);
}
INSTANTIATE_TEST_SUITE_P(Signals, RestartUnderLoad, ::testing::Values(false, true),
                         [](const auto& how) { return how.param ? "Sigkill" : "Sigterm"; });

TEST(ConnectionFaults, AServerThatHangsFailsCommandsByTheirDeadlineAndGoesOnAfterwards) {
  const auto hang = std::chrono::milliseconds(number_from_environment("BULLMQ_HANG_MS", 2'000));
  RedisProcess redis;
  EventLoop loop;
  Queue queue(
      loop.executor(), "hangs",
      {.connection = {
           .url = redis.url(), .connect_timeout = 300ms, .command_timeout = 500ms, .reconnect_max = 200ms}});
  AddTally tally;
  start_adding(loop, queue, tally);
  loop.until([&] { return tally.added.size() > 200; });
  redis.suspend();
  const auto stopped = Clock::now();
  loop.run_for(hang);
  // Each of the fifty has failed, and again and again since: none hangs.
  const auto failures = 50U * static_cast<std::size_t>(hang / 1'000ms);
  loop.until([&] { return tally.unknown.size() + tally.not_executed.size() >= failures; });
  EXPECT_GE(tally.unknown.size(), 1U);
  redis.resume();
  EXPECT_GE(Clock::now() - stopped, hang);
  const auto before = tally.added.size();
  loop.until([&] { return tally.added.size() > before + 200; });
  tally.stop = true;
  loop.finish();
  expect_fates_told_truly(redis, "hangs", tally);
}

TEST(ConnectionFaults, ASlowServerThatAnswersIsNotTakenForDead) {
  RedisProcess redis;
  EventLoop loop;
  const auto connection = Connection::open(loop.executor(), {.url = redis.url(), .command_timeout = 3s});
  loop.run(connection->wait_until_up());
  std::map<std::string, int> words;
  // Each takes 300 ms; those from the eleventh on are late, while answers keep coming: a command that is
  // larger than Redis reads at a time is answered before the next one is read.
  const std::string padding(20'000, 'x');
  for (int i = 0; i < 15; ++i) {
    loop.spawn([](std::shared_ptr<Connection> c, std::string unused,
                  std::map<std::string, int>& ended) -> awaitable<void> {
      Command slow = make_command("EVAL",
                                  "local t = redis.call('TIME') local e = t[1] * 1000000 + t[2] + 300000 "
                                  "repeat t = redis.call('TIME') until t[1] * 1000000 + t[2] > e "
                                  "return redis.call('INCR', 'done')",
                                  0, unused);
      const auto answered = co_await ask(c, std::move(slow));
      ++ended[answered.word()];
    }(connection, padding, words));
  }
  loop.finish();
  EXPECT_GE(words["ok"], 3);
  EXPECT_GE(words["timeout, unknown"], 3);
  loop.until([&] { return redis({"GET", "done"}).text == "15"; });
  EXPECT_EQ(loop.run(ask(connection, make_query("ECHO", "mine"))).reply.text, "mine");
  EXPECT_EQ(connection->times_up(), 1U);
}

TEST(ConnectionFaults, ABlockingReadThatHangsSilentlyIsMadeAgain) {
  RedisProcess redis;
  EventLoop loop;
  TcpProxy proxy(loop.executor(), redis.port());
  int processed = 0;
  Worker worker(loop.executor(), "watchdog",
                [&](const Job&, std::stop_token) -> awaitable<std::string> {
                  ++processed;
                  co_return "1";
                },
                {.connection = {.url = proxy.url(), .command_timeout = 1s}, .drain_delay = 1s});
  std::size_t seen = 0;
  QueueEvents events(loop.executor(), "watchdog",
                     {.connection = {.url = proxy.url(), .command_timeout = 1s}, .blocking_timeout = 1s});
  const auto listening = events.on_event().subscribe([&](const QueueEvent& event) {
    if (event.name == "completed") ++seen;
  });
  loop.run(events.wait_until_ready());
  Queue queue(loop.executor(), "watchdog", {.connection = {.url = redis.url()}});
  loop.run(queue.add("before"));
  loop.until([&] { return processed == 1 && seen == 1; });
  loop.until([&] { return redis.info("blocked_clients") == "2"; });
  // Nothing is closed and nothing is refused: only the watchdog can find out.
  proxy.silence_present();
  const auto connections = proxy.accepted();
  loop.run(queue.add("after"));
  loop.until([&] { return processed == 2 && seen == 2; });
  EXPECT_GT(proxy.accepted(), connections);
  loop.run(worker.close(5s));
  loop.run(events.close());
}

TEST(ConnectionFaults, AFullRedisRefusesAddsWithOomAndTheConnectionStays) {
  RedisProcess redis;
  EventLoop loop;
  const auto connection = Connection::open(loop.executor(), {.url = redis.url()});
  Queue queue(connection, "full");
  loop.run(queue.add("fits"));
  redis({"CONFIG", "SET", "maxmemory", "1"});
  std::string word;
  const auto expect_oom = [&](awaitable<void> work) {
    try {
      loop.run(std::move(work));
      ADD_FAILURE() << "not refused";
    } catch (const RedisError& error) {
      EXPECT_EQ(error.word(), "OOM") << error.what();
    }
  };
  expect_oom([](Queue& q) -> awaitable<void> { co_await q.add("too much"); }(queue));
  expect_oom([](Queue& q) -> awaitable<void> {
    std::vector<BulkJob> jobs(3);
    for (BulkJob& job : jobs) job.name = "too much";
    co_await q.add_bulk(std::move(jobs));
  }(queue));
  EXPECT_EQ(loop.run(queue.count()), 1);
  redis({"CONFIG", "SET", "maxmemory", "0"});
  loop.run(queue.add("fits again"));
  EXPECT_EQ(loop.run(queue.count()), 2);
  EXPECT_EQ(connection->times_up(), 1U);
}

TEST(ConnectionFaults, ForgottenScriptsUnderLoadLoseNothing) {
  RedisProcess redis;
  EventLoop loop;
  Queue queue(loop.executor(), "forgets", {.connection = {.url = redis.url()}});
  AddTally tally;
  start_adding(loop, queue, tally, 30);
  for (int i = 0; i < 5; ++i) {
    loop.spawn([](Queue& q, AddTally& t, int n) -> awaitable<void> {
      for (int k = 0; !t.stop; ++k) {
        std::vector<BulkJob> jobs(20);
        for (std::size_t j = 0; j < jobs.size(); ++j) {
          jobs[j].name = "bulk " + std::to_string(n) + ":" + std::to_string(k) + ":" + std::to_string(j);
        }
        const auto added = co_await q.add_bulk(std::move(jobs));
        for (const Job& job : added) t.added.push_back(job.name());
      }
    }(queue, tally, i));
  }
  const int flushes = number_from_environment("BULLMQ_FLUSHES", 80);
  for (int i = 0; i < flushes; ++i) {
    redis({"SCRIPT", "FLUSH", i % 2 == 0 ? "SYNC" : "ASYNC"});
    loop.run_for(2ms);
  }
  tally.stop = true;
  loop.finish();
  EXPECT_TRUE(tally.refused.empty());
  EXPECT_TRUE(tally.unknown.empty());
  EXPECT_TRUE(tally.not_executed.empty());
  expect_fates_told_truly(redis, "forgets", tally);
}

TEST(ConnectionFaults, AQueryWhoseAnswerOverrunsTheOutputBufferFailsAndIsNotAskedForEver) {
  RedisProcess redis;
  redis({"CONFIG", "SET", "client-output-buffer-limit", "normal 2mb 2mb 1"});
  redis({"EVAL", "for i = 1, 100 do redis.call('RPUSH', 'many', string.rep('x', 100000)) end", "0"});
  EventLoop loop;
  const auto connection =
      Connection::open(loop.executor(), {.url = redis.url(), .command_timeout = 20s, .reconnect_max = 100ms});
  const auto answered = loop.run(ask(connection, make_query("LRANGE", "many", 0, -1)));
  EXPECT_EQ(answered.word(), "unknown") << answered.message();
  EXPECT_LT(answered.took, 10s);
  EXPECT_EQ(loop.run(ask(connection, make_query("ECHO", "mine"))).reply.text, "mine");
}

awaitable<void> keep_counting(Queue& queue, const AddTally& tally, std::map<std::string, int>& failures) {
  while (!tally.stop) {
    std::exception_ptr failure;
    try {
      co_await queue.job_counts();
      co_await queue.get_job("1");
    } catch (...) {
      failure = std::current_exception();
    }
    if (failure) ++failures[word_of(failure)];
  }
}

// CLIENT KILL of every client but the test's own, at moments of the seed's choosing.
TEST(ConnectionFaults, ConnectionsKilledAtAnyMomentLoseNothingThatWasAcknowledged) {
  RedisProcess redis;
  EventLoop loop;
  Queue queue(loop.executor(), "killed",
              {.connection = {.url = redis.url(), .reconnect_min = 1ms, .reconnect_max = 5ms}});
  AddTally tally;
  std::map<std::string, int> failed_queries;
  start_adding(loop, queue, tally);
  for (int i = 0; i < 20; ++i) loop.spawn(keep_counting(queue, tally, failed_queries));
  loop.until([&] { return !tally.added.empty(); });
  const int kills = number_from_environment("BULLMQ_KILLS", 120);
  std::mt19937 random(7);
  int killed = 0;
  while (killed < kills) {
    killed += static_cast<int>(redis({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}).integer);
    const auto pause = std::uniform_int_distribution<>(0, 8)(random);
    loop.run_for(std::chrono::milliseconds(pause));
  }
  const auto before = tally.added.size();
  loop.until([&] { return tally.added.size() > before + 200; });
  tally.stop = true;
  loop.finish();
  EXPECT_TRUE(tally.refused.empty());
  EXPECT_TRUE(tally.not_executed.empty());
  // Queries are asked again.
  int failed = 0;
  for (const auto& [word, count] : failed_queries) {
    EXPECT_EQ(word, "unknown");
    failed += count;
  }
  EXPECT_LE(failed, kills / 3);
  expect_fates_told_truly(redis, "killed", tally);
}

}  // namespace
}  // namespace bullmq::testing
