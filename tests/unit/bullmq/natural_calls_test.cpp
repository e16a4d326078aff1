// Calls as users write them, in coroutines. That this file compiles, without a warning and with every
// compiler that is supported, is the first half of the test; that nothing is destroyed twice the second
// (ASan).
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <exception>
#include <string>
#include <vector>

#include "bullmq/error.hpp"
#include "bullmq/json.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/redis.hpp"

namespace bullmq {
namespace {

using namespace std::chrono_literals;

struct Mail {
  std::string to;
  std::string subject;
};
BOOST_DESCRIBE_STRUCT(Mail, (), (to, subject))

// A Redis that is not there: what is called fails after its arguments have come to where they are used.
QueueOptions nowhere() {
  QueueOptions options;
  options.connection.unix_socket = "/nonexistent/redis.sock";
  options.connection.offline_queue = false;
  options.skip_metas_update = true;
  return options;
}

// Runs the coroutine; every call in it has to end with a ConnectionError.
template <typename Call>
void expect_no_connection(Call call) {
  boost::asio::io_context loop;
  std::exception_ptr failure;
  Queue queue(loop.get_executor(), "natural", nowhere());
  boost::asio::co_spawn(loop, call(queue), [&](std::exception_ptr thrown) {
    failure = thrown;
    loop.stop();
  });
  loop.run();
  ASSERT_TRUE(failure);
  EXPECT_THROW(std::rethrow_exception(failure), ConnectionError);
}

TEST(NaturalCalls, AddTakesValuesOfTheUsersTypes) {
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    const Mail mail{"ada@example.com", "a subject that is long enough for the heap"};
    co_await queue.add("welcome", mail);
  });
  expect_no_connection([](Queue& queue) -> awaitable<void> { co_await queue.add("count", 7); });
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    co_await queue.add("text", to_json_text("a text that is long enough for the heap"));
  });
}

TEST(NaturalCalls, AddTakesTextThatIsJsonAndRefusesOther) {
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    co_await queue.add("welcome", R"({"to":"somebody whose name is long enough for the heap"})");
  });
  boost::asio::io_context loop;
  Queue queue(loop.get_executor(), "natural", nowhere());
  EXPECT_THROW((void)queue.add("welcome", "hello"), ValidationError);
}

TEST(NaturalCalls, AddTakesOptionsByTheirNames) {
  expect_no_connection(
      [](Queue& queue) -> awaitable<void> { co_await queue.add("welcome", "{}", {.attempts = 3}); });
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    co_await queue.add("welcome", "{}", JobOptions{.delay = 5s, .attempts = 3});
  });
  // Texts are where g++ 12 destroys twice what is no Text.
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    const std::string id = "an id that is long enough for the heap";
    for (int i = 0; i < 3; ++i) {
      co_await queue.add("welcome", "{}",
                         {.job_id = id,
                          .backoff = Backoff{.type = "a type that is long enough for the heap", .delay = 1s},
                          .parent = Parent{.id = "1", .queue = "bull:parents of a name for the heap"},
                          .extra = "{}"});
    }
  });
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    const Mail mail{"ada@example.com", "a subject that is long enough for the heap"};
    co_await queue.add_bulk({{"a", mail, {.job_id = "short"}},
                             {"b", "{}", JobOptions{.job_id = "an id that is long enough for the heap"}}});
  });
  const JobOptions all{.job_id = "an id that is long enough for the heap",
                       .attempts = 3,
                       .backoff = Backoff{.type = "exponential", .delay = 1s},
                       .parent = Parent{.id = "1", .queue = "bull:parents"}};
  EXPECT_EQ(all.backoff->type, "exponential");
}

TEST(NaturalCalls, AddBulkTakesAListInBraces) {
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    const Mail mail{"ada@example.com", "a subject that is long enough for the heap"};
    co_await queue.add_bulk(
        {{"welcome", mail}, {"a name that is long enough for the heap", R"({"n":1})"}, {"c"}});
  });
  expect_no_connection([](Queue& queue) -> awaitable<void> { co_await queue.add_bulk({{"one", "{}"}}); });
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    std::vector<BulkJob> many(100, BulkJob("a name that is long enough for the heap"));
    co_await queue.add_bulk(std::move(many));
  });
}

TEST(NaturalCalls, StatesAreNamed) {
  expect_no_connection(
      [](Queue& queue) -> awaitable<void> { co_await queue.job_counts({"waiting", "failed"}); });
  expect_no_connection([](Queue& queue) -> awaitable<void> {
    co_await queue.get_jobs({JobState::waiting}, 0, 9, Order::ascending);
  });
  EXPECT_THROW((JobStates{"waiting", "gone"}), ValidationError);
  const JobStates twice{"wait", "waiting", "failed"};
  EXPECT_EQ(twice.size(), 2U);
}

TEST(NaturalCalls, CommandsTakeTheirOptionsByName) {
  boost::asio::io_context loop;
  Redis redis(open_connection(loop.get_executor(), nowhere().connection));
  std::exception_ptr failure;
  boost::asio::co_spawn(
      loop,
      [](Redis& client) -> awaitable<void> {
        std::vector<std::string> command{"GET", "a key that is long enough for the heap"};
        co_await client.execute(std::move(command), {.idempotent = true, .timeout = 1s});
      }(redis),
      [&](std::exception_ptr thrown) {
        failure = thrown;
        loop.stop();
      });
  loop.run();
  EXPECT_THROW(std::rethrow_exception(failure), ConnectionError);
}

TEST(NaturalCalls, AQueueThatIsReplacedEndsItsConnection) {
  boost::asio::io_context loop;
  Queue first(loop.get_executor(), "first", nowhere());
  Job held = first.job_handle("1");
  first = Queue(loop.get_executor(), "second", nowhere());
  EXPECT_EQ(first.name(), "second");
  std::string refusal;
  boost::asio::co_spawn(loop, held.state(), [&](std::exception_ptr thrown, JobState) {
    try {
      std::rethrow_exception(thrown);
    } catch (const ConnectionError& error) {
      refusal = error.what();
    }
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(refusal, "Connection is closed.");
}

}  // namespace
}  // namespace bullmq
