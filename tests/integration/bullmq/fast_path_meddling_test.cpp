// What other clients, and broken keys, do to jobs between their fetch and their end. Each harms itself at
// most.
#include <gtest/gtest.h>

#include "fast_path_side.hpp"

namespace bullmq::testing {
namespace {

using detail::JobFields;
using detail::NextJob;
using detail::Outcome;

JobToAdd paint() {
  JobToAdd job;
  job.name = "paint";
  job.data = "{}";
  return job;
}

void add_some(Side& side, std::size_t count) {
  all<JobToAdd>(side, std::vector<JobToAdd>(count, paint()), add_one);
}

struct Held {
  JobRecord job;
  std::string token;
};

std::vector<Held> take_some(Side& side, std::size_t count) {
  std::vector<std::string> tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back("token:" + std::to_string(i));
  std::vector<Held> held;
  for (NextJob& next : side.loop.run(side.backend->move_to_active(tokens))) {
    if (next.has_job) held.push_back({std::move(next.record), tokens[held.size()]});
  }
  return held;
}

// How it ended, in one call with the others of its list.
awaitable<std::string> complete(Side& side, const Held& held) {
  const NextJob next =
      co_await side.backend->finish(held.job, Outcome::completed, "1", held.token, true, JobFields{});
  std::string words = next.has_job ? "took " + next.record.id : "ended";
  if (!next.trouble.empty()) words += ", " + next.trouble.substr(0, next.trouble.find(' '));
  co_return words;
}

std::string state_of(Side& side, const std::string& id) {
  const auto& keys = side.backend->keys();
  if (side.ask(make_query("ZSCORE", keys.completed, id)).is_text()) return "completed";
  if (side.ask(make_query("LPOS", keys.wait, id)).is_integer()) return "waiting";
  if (side.ask(make_query("LPOS", keys.active, id)).is_integer()) return "active";
  return "nowhere";
}

// `render-42` is at work; elsewhere a flow makes it a child, and its parent waits for it.
TEST(FastPath, AJobThatGetsAParentWhileItIsAtWorkReleasesIt) {
  EventLoop loop;
  Side side(loop, true);
  JobToAdd child = paint();
  child.options.job_id = "render-42";
  loop.run(side.backend->add(child));
  const auto held = take_some(side, 1);
  ASSERT_EQ(held.size(), 1U);
  JobToAdd parent = paint();
  parent.options.job_id = "film";
  loop.run(side.backend->add(parent));
  child.options.parent.emplace();
  child.options.parent->id = "film";
  child.options.parent->queue = "bull:paint";
  EXPECT_EQ(loop.run(side.backend->add(child)).outcome, AddOutcome::duplicate);
  const auto& keys = side.backend->keys();
  side.ask(make_command("LREM", keys.wait, 0, "film"));
  side.ask(make_command("ZADD", keys.waiting_children, 1, "film"));

  const Words words = all<Held>(side, held, complete);
  EXPECT_EQ(words[0], "took film");
  EXPECT_EQ(side.ask(make_query("SCARD", keys.job("film", "dependencies"))).to_int(), 0);
  EXPECT_EQ(side.ask(make_query("HGET", keys.job("film", "processed"), keys.job("render-42"))).text, "1");
}

TEST(FastPath, AJobThatIsEndedTwiceAtOnceEndsOnce) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 1);
  auto held = take_some(side, 1);
  held.push_back(held[0]);
  const Words words = all<Held>(side, held, complete);
  EXPECT_EQ(words[0], "ended");
  EXPECT_TRUE(words[1].starts_with("error: Missing lock for job 1")) << words[1];
  EXPECT_EQ(side.ask(make_query("HGET", side.backend->keys().job("1"), "atm")).text, "1");
}

// The counter that is stored counts, as in upstream's script, and not the one that was fetched.
TEST(FastPath, CountsTheAttemptsThatAreStored) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 2);
  const auto& keys = side.backend->keys();
  side.ask(make_command("HSET", keys.job("2"), "attemptsMade", 7));
  const auto held = take_some(side, 2);
  side.ask(make_command("HSET", keys.job("1"), "atm", 4));
  all<Held>(side, held, complete);
  EXPECT_EQ(side.ask(make_query("HGET", keys.job("1"), "atm")).text, "5");
  EXPECT_EQ(side.ask(make_query("HGET", keys.job("2"), "atm")).text, "1");
}

TEST(FastPath, AJobThatIsNoHashAnyMoreHarmsItselfAlone) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 3);
  const auto held = take_some(side, 3);
  const auto& keys = side.backend->keys();
  side.ask(make_command("DEL", keys.job("2")));
  side.ask(make_command("SADD", keys.job("2"), "not a hash"));
  const Words words = all<Held>(side, held, complete);
  EXPECT_EQ(words[0], "ended");
  EXPECT_TRUE(words[1].starts_with("error: WRONGTYPE")) << words[1];
  EXPECT_EQ(words[2], "ended");
  EXPECT_EQ(state_of(side, "1") + ", " + state_of(side, "3"), "completed, completed");
}

TEST(FastPath, AWaitingIdThatIsNoHashHarmsItselfAlone) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 5);
  const auto held = take_some(side, 2);
  const auto& keys = side.backend->keys();
  side.ask(make_command("DEL", keys.job("3")));
  side.ask(make_command("SADD", keys.job("3"), "not a hash"));
  const Words words = all<Held>(side, held, complete);
  EXPECT_EQ(words[0], "took 4");
  EXPECT_EQ(words[1], "ended, WRONGTYPE");
  EXPECT_EQ(state_of(side, "1") + ", " + state_of(side, "2"), "completed, completed");
  const auto more = take_some(side, 3);
  ASSERT_EQ(more.size(), 1U);
  EXPECT_EQ(more[0].job.id, "5");
}

TEST(FastPath, ADelayedIdThatIsNoHashStopsNoEnd) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 3);
  const auto held = take_some(side, 3);
  const auto& keys = side.backend->keys();
  side.ask(make_command("SADD", keys.job("broken"), "not a hash"));
  side.ask(make_command("ZADD", keys.delayed, 1, "broken"));
  const Words words = all<Held>(side, held, complete);
  EXPECT_EQ(words, Words({"ended", "ended", "ended, WRONGTYPE"}));
  for (const char* id : {"1", "2", "3"}) EXPECT_EQ(state_of(side, id), "completed");
}

TEST(FastPath, AnOldJobThatCannotBeRemovedStopsNoEnd) {
  EventLoop loop;
  Side side(loop, true);
  side.backend->policy.remove_on_complete = KeepJobs::last(1);
  add_some(side, 3);
  const auto held = take_some(side, 2);
  const auto& keys = side.backend->keys();
  side.ask(make_command("SADD", keys.job("broken"), "not a hash"));
  side.ask(make_command("ZADD", keys.completed, 1, "broken"));
  const Words words = all<Held>(side, held, complete);
  EXPECT_EQ(words, Words({"took 3", "ended, WRONGTYPE"}));
  EXPECT_EQ(state_of(side, "2"), "completed");
}

TEST(FastPath, MetricsThatAreNoneHarmNoOtherEnd) {
  EventLoop loop;
  Side side(loop, true);
  side.backend->policy.metrics_max_data_points = 10;
  add_some(side, 2);
  const auto held = take_some(side, 2);
  const auto& keys = side.backend->keys();
  side.ask(make_command("SET", keys.metrics_completed, "not a hash"));
  EXPECT_EQ(all<Held>(side, held, complete), Words({"ended", "ended, WRONGTYPE"}));
  for (const char* id : {"1", "2"}) EXPECT_EQ(state_of(side, id), "completed");
}

TEST(FastPath, AnIdThatIsOneOfTheQueuesOwnKeysIsAnError) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 1);
  JobToAdd job = paint();
  job.options.job_id = "wait";
  const Words words = all<JobToAdd>(side, {job, paint()}, add_one);
  EXPECT_TRUE(words[0].starts_with("error: WRONGTYPE")) << words[0];
  EXPECT_EQ(words[1], "3");
}

TEST(FastPath, ADelayedAddThatFailsLeavesTheOthersInTheirLists) {
  EventLoop loop;
  Side side(loop, true);
  const auto& keys = side.backend->keys();
  side.ask(make_command("SET", keys.delayed, "not a set"));
  JobToAdd late = paint();
  late.options.delay = Milliseconds(1'000);
  const Words words = all<JobToAdd>(side, {paint(), late, paint()}, add_one);
  EXPECT_EQ(words[0], "1");
  EXPECT_TRUE(words[1].starts_with("error: WRONGTYPE")) << words[1];
  EXPECT_EQ(words[2], "3");
  EXPECT_EQ(side.ask(make_query("LLEN", keys.wait)).to_int(), 2);
}

// "0" means "without a lock" to upstream's scripts.
TEST(FastPath, AFetchWithoutALockSetsNone) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 1);
  const auto found = loop.run(side.backend->move_to_active({detail::kNoToken}));
  ASSERT_TRUE(found.at(0).has_job);
  EXPECT_TRUE(side.ask(make_query("GET", side.backend->keys().job("1", "lock"))).is_nil());
}

TEST(FastPath, EndsThatWaitAreBounded) {
  EventLoop loop;
  Side side(loop, true);
  add_some(side, 20);
  const auto held = take_some(side, 20);
  ASSERT_EQ(held.size(), 20U);
  ConnectionOptions options = side.connection->options();
  options.max_unsent_bytes = 10'000;
  const auto connection = Connection::open(loop.executor(), options);
  loop.run(connection->wait_until_up());
  const auto backend = std::make_shared<QueueBackend>(connection, "bull", "paint");
  std::size_t refused = 0;
  const auto end = [&](std::size_t i) -> awaitable<void> {
    std::string word;
    try {
      co_await backend->finish(held[i].job, Outcome::completed, '"' + std::string(1'000, 'x') + '"',
                               held[i].token, false, JobFields{});
    } catch (const ConnectionError& error) {
      if (error.fate() == Fate::not_executed) ++refused;
    }
  };
  for (std::size_t i = 0; i < held.size(); ++i) loop.spawn(end(i));
  loop.finish();
  EXPECT_GT(refused, 5U);
  EXPECT_LT(refused, 15U);
}

}  // namespace
}  // namespace bullmq::testing
