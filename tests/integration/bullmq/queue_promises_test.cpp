// What the headers promise of a queue, its worker and its events beyond the passing of jobs.
#include <gtest/gtest.h>

#include <algorithm>

#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/worker.hpp"
#include "fast_path_side.hpp"

namespace bullmq::testing {
namespace {

QueueOptions on(Side& side) {
  QueueOptions options;
  options.connection = side.connection->options();
  return options;
}

std::size_t connections(Side& side) {
  const std::string list = side.ask(make_query("CLIENT", "LIST")).text;
  return static_cast<std::size_t>(std::count(list.begin(), list.end(), '\n'));
}

TEST(QueuePromises, MoveAssignmentEndsTheConnectionThatItReplaces) {
  EventLoop loop;
  Side side(loop, true);
  const std::size_t before = connections(side);
  Queue first(loop.executor(), "paint", on(side));
  Queue second(loop.executor(), "draw", on(side));
  loop.run(first.wait_until_ready());
  loop.run(second.wait_until_ready());
  // It keeps what it needs of its queue.
  const Job job = loop.run(first.add("paint"));
  ASSERT_EQ(connections(side), before + 2);
  first = std::move(second);
  loop.until([&] { return connections(side) == before + 1; });
  EXPECT_EQ(first.name(), "draw");
  EXPECT_EQ(loop.run(first.add("draw")).id(), "1");
  Queue& same = first;
  first = std::move(same);
  EXPECT_EQ(loop.run(first.add("draw")).id(), "2");
}

TEST(QueuePromises, TellsThatItsMetaDataCannotBeWritten) {
  EventLoop loop;
  Side side(loop, true);
  (void)side.ask(make_query("SET", side.backend->keys().meta, "somebody else's"));
  std::vector<std::string> told;
  const auto tell = [&told](const std::exception& error) { told.emplace_back(error.what()); };
  Queue own(loop.executor(), "paint", on(side));
  const Subscription of_own = own.on_error().subscribe(tell);
  loop.until([&] { return told.size() == 1; });
  EXPECT_TRUE(told[0].starts_with("WRONGTYPE")) << told[0];
  Queue sharing(side.connection, "paint");
  const Subscription of_sharing = sharing.on_error().subscribe(tell);
  loop.until([&] { return told.size() == 2; });
}

TEST(QueuePromises, AWorkerTellsThatItCouldNotPassAWakeUpOn) {
  EventLoop loop;
  Side side(loop, true);
  // It may wait for work, but neither be woken without a word nor write a marker.
  (void)side.ask(make_query("ACL", "SETUSER", "narrow", "on", "nopass", "~*", "&*", "+@all", "-zadd",
                            "-client|unblock"));
  WorkerOptions options;
  options.connection = side.connection->options();
  options.connection.username = "narrow";
  const Processor processor = [](Job, std::stop_token) -> awaitable<std::string> { co_return "null"; };
  Worker worker(loop.executor(), "paint", processor, options);
  std::vector<std::string> told;
  const Subscription telling = worker.events().error.subscribe(
      [&told](const std::exception& error) { told.emplace_back(error.what()); });
  loop.until(
      [&] { return side.ask(make_query("CLIENT", "LIST")).text.find("cmd=bzpopmin") != std::string::npos; });
  loop.run(worker.close());
  const auto named =
      std::ranges::any_of(told, [](const std::string& text) { return text.starts_with("NOPERM"); });
  EXPECT_TRUE(named) << told.size();
}

TEST(QueuePromises, EventsOutliveAMoveToThemselves) {
  EventLoop loop;
  Side side(loop, true);
  QueueEventsOptions options;
  options.connection = side.connection->options();
  QueueEvents events(loop.executor(), "paint", options);
  QueueEvents& same = events;
  events = std::move(same);
  loop.run(events.wait_until_ready());
  loop.run(events.close());
}

awaitable<std::string> refusal_of(awaitable<void> work) {
  try {
    co_await std::move(work);
  } catch (const ValidationError& error) {
    co_return error.what();
  }
  co_return "accepted";
}

awaitable<void> add(Queue& queue, std::string name, std::string data, JobOptions options) {
  co_await queue.add(std::move(name), std::move(data), options);
}

TEST(QueuePromises, RefusesWhatOtherClientsCannotRead) {
  EventLoop loop;
  Side side(loop, true);
  Queue queue(loop.executor(), "paint", on(side));
  loop.run(queue.wait_until_ready());
  const std::string bad = "\xff\xfe";
  const auto refused = [&](std::string name, std::string data, const JobOptions& options) {
    return loop.run(refusal_of(add(queue, std::move(name), std::move(data), options)));
  };
  for (const char* data : {"hello", "", "{", "\"\xff\"", "[1,]"})
    EXPECT_NE(refused("paint", data, {}).find("data of job paint"), std::string::npos) << data;
  EXPECT_NE(refused(bad, "{}", {}).find("name"), std::string::npos);
  JobOptions options;
  options.job_id = "a" + bad;
  EXPECT_NE(refused("paint", "{}", options).find("jobId"), std::string::npos);
  options = {};
  options.deduplication.emplace().id = bad;
  EXPECT_NE(refused("paint", "{}", options).find("deduplication"), std::string::npos);
  options = {};
  options.parent.emplace().id = bad;
  EXPECT_NE(refused("paint", "{}", options).find("parent"), std::string::npos);
  options = {};
  options.backoff.emplace().type = bad;
  EXPECT_NE(refused("paint", "{}", options).find("backoff"), std::string::npos);
  options = {};
  options.telemetry_metadata = bad;
  EXPECT_NE(refused("paint", "{}", options).find("telemetry"), std::string::npos);
  options = {};
  options.extra = "{" + bad;
  EXPECT_NE(refused("paint", "{}", options), "accepted");
  EXPECT_EQ(loop.run(queue.count()), 0);
  Job job = loop.run(queue.add("paint", "\"hello\""));
  EXPECT_NE(loop.run(refusal_of(job.update_data("hello"))), "accepted");
  EXPECT_NE(loop.run(refusal_of(job.update_progress("half"))), "accepted");
  EXPECT_EQ(loop.run(queue.get_job(job.id()))->data(), "\"hello\"");
}

TEST(QueuePromises, AReturnValueThatIsNoJsonFailsItsJobForGood) {
  EventLoop loop;
  Side side(loop, true);
  Queue queue(loop.executor(), "paint", on(side));
  JobOptions options;
  options.attempts = 3;
  loop.run(queue.add("hello", "{}", options));
  loop.run(queue.add("", "{}", options));
  WorkerOptions worker_options;
  worker_options.connection = side.connection->options();
  const Processor says_its_name = [](Job job, std::stop_token) -> awaitable<std::string> {
    co_return job.name();
  };
  Worker worker(loop.executor(), "paint", says_its_name, worker_options);
  const auto& keys = side.backend->keys();
  loop.until([&] {
    return side.ask(make_query("ZCARD", keys.failed)).to_int() == 1 &&
           side.ask(make_query("ZCARD", keys.completed)).to_int() == 1;
  });
  EXPECT_NE(side.ask(make_query("HGET", keys.job("1"), "failedReason")).text.find("return value"),
            std::string::npos);
  EXPECT_EQ(side.ask(make_query("HGET", keys.job("1"), "atm")).text, "1");
  EXPECT_EQ(side.ask(make_query("HGET", keys.job("2"), "returnvalue")).text, "null");
  loop.run(worker.close());
}

// Each add cuts the stream to nothing, and wakes the reader with a stream that has no entry.
TEST(QueuePromises, EventsAreHeardOfAStreamThatIsCappedAtNothing) {
  EventLoop loop;
  Side side(loop, true);
  const auto& keys = side.backend->keys();
  side.ask(make_command("HSET", keys.meta, "opts.maxLenEvents", 0));
  QueueEventsOptions options;
  options.connection = side.connection->options();
  QueueEvents events(loop.executor(), "paint", options);
  loop.run(events.wait_until_ready());
  std::size_t completed = 0;
  std::size_t errors = 0;
  const auto listening = events.on_event().subscribe([&](const QueueEvent& event) {
    if (event.name == "completed") ++completed;
  });
  const auto failing = events.on_error().subscribe([&](const std::exception&) { ++errors; });
  const auto start = Clock::now();
  JobToAdd job;
  job.name = "paint";
  job.data = "{}";
  for (std::size_t i = 1; i <= 5; ++i) {
    loop.run(side.backend->add(job));
    // The reader is back.
    loop.until(
        [&] { return side.ask(make_query("CLIENT", "LIST")).text.find("cmd=xread") != std::string::npos; });
    loop.run_for(20ms);
    auto taken = loop.run(side.backend->move_to_active({"token"}));
    ASSERT_TRUE(taken.at(0).has_job);
    loop.run(side.backend->finish(taken[0].record, detail::Outcome::completed, "1", "token", false, {}));
    loop.until([&] { return completed == i; });
  }
  EXPECT_EQ(errors, 0U);
  EXPECT_LT(Clock::now() - start, 8s) << "less than the reader waits once";
  loop.run(events.close());
}

}  // namespace
}  // namespace bullmq::testing
