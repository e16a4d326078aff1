// Several servers: replicas, sentinels and a failover, a cluster whose slots move.
#include <gtest/gtest.h>

#include <fstream>

#include "add_load.hpp"
#include "bullmq/connection.hpp"
#include "bullmq/queue.hpp"
#include "bullmq/queue_events.hpp"
#include "bullmq/redis.hpp"
#include "bullmq/worker.hpp"
#include "redis/endpoint.hpp"
#include "tcp_proxy.hpp"

namespace bullmq::testing {
namespace {

std::string port_of(const RedisProcess& redis) {
  return std::to_string(redis.port());
}
RedisProcess::Settings replica_of(const RedisProcess& primary) {
  return {.arguments = {"--replicaof", "127.0.0.1", port_of(primary), "--repl-diskless-sync-delay", "0"}};
}
RedisProcess::Settings prompt_primary() {
  return {.arguments = {"--repl-diskless-sync-delay", "0"}};
}
void wait_for_sync(EventLoop& loop, RedisProcess& replica) {
  loop.until([&] { return replica.info("master_link_status") == "up"; });
}

TEST(ConnectionTopology, AReplicaIsRefusedUnlessItIsAllowed) {
  RedisProcess primary(prompt_primary());
  RedisProcess replica(replica_of(primary));
  EventLoop loop;
  wait_for_sync(loop, replica);
  const auto refused = Connection::open(
      loop.executor(), {.url = replica.url(), .command_timeout = 2s, .reconnect_max = 100ms});
  const auto answered = loop.run(ask(refused, make_query("PING")));
  EXPECT_EQ(answered.word(), "timeout, not executed");
  EXPECT_NE(answered.message().find("is a replica, which takes no writes"), std::string::npos)
      << answered.message();

  const auto allowed = Connection::open(loop.executor(), {.url = replica.url(), .allow_replica = true});
  EXPECT_EQ(loop.run(ask(allowed, make_query("PING"))).reply.text, "PONG");
  const auto write = loop.run(ask(allowed, make_command("SET", "key", "value")));
  EXPECT_TRUE(write.message().starts_with("READONLY")) << write.message();
  EXPECT_EQ(allowed->times_up(), 1U);
}

// The address stays (a proxy, a virtual IP, a name), and another server is behind it.
TEST(ConnectionTopology, APrimaryThatBecameAReplicaIsLeftAndTheCommandGoesToTheNewOne) {
  RedisProcess old_primary(prompt_primary());
  RedisProcess new_primary(replica_of(old_primary));
  EventLoop loop;
  wait_for_sync(loop, new_primary);
  TcpProxy proxy(loop.executor(), old_primary.port());
  const ConnectionOptions options{.url = proxy.url(), .reconnect_max = 100ms};
  Queue single(loop.executor(), "moves", {.connection = options});
  Queue bulk(loop.executor(), "moves", {.connection = options});
  int processed = 0;
  Worker worker(loop.executor(), "moves",
                [&](const Job&, std::stop_token) -> awaitable<std::string> {
                  ++processed;
                  co_return "1";
                },
                {.connection = options});
  loop.run(single.add("before"));
  loop.run(bulk.wait_until_ready());
  loop.until([&] { return processed == 1 && old_primary.info("blocked_clients") == "1"; });
  loop.until([&] { return new_primary({"GET", "bull:moves:id"}).text == "1"; });

  new_primary({"REPLICAOF", "NO", "ONE"});
  old_primary({"REPLICAOF", "127.0.0.1", port_of(new_primary)});
  proxy.set_target(new_primary.port());

  EXPECT_EQ(loop.run(single.add("after")).id(), "2");
  std::vector<BulkJob> jobs(2);
  for (BulkJob& job : jobs) job.name = "after";
  EXPECT_EQ(loop.run(bulk.add_bulk(std::move(jobs))).size(), 2U);
  loop.until([&] { return processed == 4; });
  loop.run(worker.close(5s));
}

// ---- Sentinel.

class SentinelTest : public ::testing::Test {
 protected:
  SentinelTest() : primary(prompt_primary()), replica(replica_of(primary)) {
    wait_for_sync(loop, replica);
    for (int i = 0; i < 3; ++i) {
      const auto port = free_port();
      const std::string path = folder.file("sentinel" + std::to_string(i) + ".conf");
      std::ofstream(path) << "port " << port << "\nbind 127.0.0.1\ndaemonize no\ndir " << folder.file("")
                          << "\nsentinel monitor mine 127.0.0.1 " << primary.port()
                          << " 2\nsentinel down-after-milliseconds mine 500\n"
                             "sentinel failover-timeout mine 3000\nsentinel parallel-syncs mine 1\n";
      sentinels.push_back(std::make_unique<RedisProcess>(
          RedisProcess::Settings{.arguments = {path, "--sentinel"}, .bare = true}, port));
    }
    for (const auto& sentinel : sentinels) {
      loop.until([&] {
        return field(*sentinel, "num-slaves") == "1" && field(*sentinel, "num-other-sentinels") == "2";
      });
    }
  }
  static std::string field(RedisProcess& sentinel, const std::string& name) {
    const Reply master = sentinel({"SENTINEL", "MASTER", "mine"});
    for (std::size_t i = 0; i + 1 < master.elements.size(); i += 2) {
      if (master.elements[i].text == name) return master.elements[i + 1].text;
    }
    return {};
  }
  ConnectionOptions options() const {
    ConnectionOptions made{.command_timeout = 2s, .reconnect_max = 100ms};
    made.sentinel.emplace();
    made.sentinel->master_name = "mine";
    for (const auto& sentinel : sentinels)
      made.sentinel->sentinels.push_back({.host = "127.0.0.1", .port = sentinel->port()});
    return made;
  }

  EventLoop loop;
  TemporaryFolder folder;
  RedisProcess primary;
  RedisProcess replica;
  std::vector<std::unique_ptr<RedisProcess>> sentinels;
};

// An add is confirmed when WAIT says, on the same connection, that the replica has it.
awaitable<void> keep_adding_confirmed(SharedConnection connection, Queue& queue, std::string prefix,
                                      AddTally& tally, std::vector<std::string>& confirmed) {
  for (int i = 0; !tally.stop; ++i) {
    const std::string name = prefix + ":" + std::to_string(i);
    const auto generation = connection->times_up();
    const auto before = tally.added.size();
    co_await add_one(queue, name, tally);
    if (tally.added.size() == before) continue;
    const auto waited = co_await ask(connection, make_command("WAIT", 1, 20));
    if (!waited.failure && waited.reply.integer >= 1 && generation == connection->times_up())
      confirmed.push_back(name);
  }
}

TEST_F(SentinelTest, AFailoverUnderLoadIsFollowedAndLosesNothingThatTheReplicaHad) {
  const auto connection = open_connection(loop.executor(), options());
  Queue queue(connection, "failover");
  AddTally tally;
  std::vector<std::string> confirmed;
  for (int i = 0; i < 10; ++i)
    loop.spawn(keep_adding_confirmed(connection, queue, std::to_string(i), tally, confirmed));
  loop.until([&] { return confirmed.size() > 300; });
  primary.kill();
  const auto killed = Clock::now();
  const auto before = tally.added.size();
  loop.until([&] { return tally.added.size() > before + 50; }, 60s);
  std::cout << "adds again after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - killed).count()
            << " ms\n";
  tally.stop = true;
  loop.finish();
  const auto names = names_in(replica, "failover");
  int lost = 0;
  for (const std::string& name : confirmed) lost += names.contains(name) ? 0 : 1;
  EXPECT_EQ(lost, 0) << "of " << confirmed.size();
  int unconfirmed = 0;
  for (const std::string& name : tally.added) unconfirmed += names.contains(name) ? 0 : 1;
  std::cout << "acknowledged " << tally.added.size() << ", of these not replicated in time " << unconfirmed
            << '\n';
  for (const std::string& name : tally.not_executed) EXPECT_FALSE(names.contains(name));
  for (const auto& [name, count] : names) EXPECT_EQ(count, 1) << name;
}

TEST_F(SentinelTest, ASentinelThatIsGoneOrKnowsNothingLeavesTheOthers) {
  auto made = options();
  RedisProcess stranger;
  made.sentinel->sentinels = {{.host = "127.0.0.1", .port = free_port()},
                              {.host = "127.0.0.1", .port = stranger.port()},
                              {.host = "127.0.0.1", .port = sentinels[1]->port()}};
  // The first one hangs: it is there, and says nothing.
  sentinels[0]->suspend();
  made.sentinel->sentinels.insert(made.sentinel->sentinels.begin(),
                                  {.host = "127.0.0.1", .port = sentinels[0]->port()});
  made.connect_timeout = 2s;
  made.command_timeout = 10s;
  auto connection = Connection::open(loop.executor(), made);
  EXPECT_EQ(loop.run(ask(connection, make_query("PING"))).reply.text, "PONG");
  EXPECT_EQ(connection->times_up(), 1U);

  made.sentinel->master_name = "unknown";
  // The one that hangs is left after connect_timeout, and then the others are asked.
  made.connect_timeout = 1s;
  made.command_timeout = 4s;
  connection = Connection::open(loop.executor(), made);
  const auto answered = loop.run(ask(connection, make_query("PING")));
  EXPECT_EQ(answered.word(), "timeout, not executed");
  EXPECT_NE(answered.message().find("no sentinel told the primary"), std::string::npos) << answered.message();
}

// ---- Cluster: three nodes, one slot that matters.

class ClusterTest : public ::testing::Test {
 protected:
  ClusterTest() {
    for (int i = 0; i < 3; ++i) {
      bus.push_back(free_port());
      nodes.push_back(std::make_unique<RedisProcess>(RedisProcess::Settings{
          .arguments = {"--cluster-enabled", "yes", "--cluster-port", std::to_string(bus.back()),
                        "--cluster-node-timeout", "5000", "--appendonly", "no"}}));
    }
    const char* const ranges[3][2] = {{"0", "5460"}, {"5461", "10922"}, {"10923", "16383"}};
    for (std::size_t i = 0; i < 3; ++i) {
      (*nodes[i])({"CLUSTER", "SET-CONFIG-EPOCH", std::to_string(i + 1)});
      (*nodes[i])({"CLUSTER", "ADDSLOTSRANGE", ranges[i][0], ranges[i][1]});
      (*nodes[0])({"CLUSTER", "MEET", "127.0.0.1", port_of(*nodes[i]), std::to_string(bus[i])});
    }
    for (const auto& node : nodes) {
      loop.until([&] {
        const std::string info = (*node)({"CLUSTER", "INFO"}).text;
        return info.find("cluster_state:ok") != info.npos && info.find("cluster_known_nodes:3") != info.npos;
      });
    }
  }
  [[nodiscard]] static std::string slot() { return std::to_string(detail::hash_slot("bull:{orders}:")); }
  RedisProcess& owner() {
    const auto number = std::stoi(slot());
    return *nodes[number <= 5460 ? 0 : number <= 10'922 ? 1 : 2];
  }
  RedisProcess& other() { return &owner() == nodes[0].get() ? *nodes[1] : *nodes[0]; }
  std::string id_of(RedisProcess& node) { return node({"CLUSTER", "MYID"}).text; }

  void begin_migration(RedisProcess& from, RedisProcess& to) {
    EXPECT_EQ(to({"CLUSTER", "SETSLOT", slot(), "IMPORTING", id_of(from)}).text, "OK");
    EXPECT_EQ(from({"CLUSTER", "SETSLOT", slot(), "MIGRATING", id_of(to)}).text, "OK");
  }
  // false: no key was left.
  bool migrate_some(RedisProcess& from, RedisProcess& to, int count) {
    const Reply keys = from({"CLUSTER", "GETKEYSINSLOT", slot(), std::to_string(count)});
    if (keys.elements.empty()) return false;
    std::vector<std::string> words{"MIGRATE", "127.0.0.1", port_of(to), "", "0", "5000", "KEYS"};
    for (const Reply& key : keys.elements) words.push_back(key.text);
    const Reply moved = from(words);
    EXPECT_EQ(moved.text, "OK");
    return true;
  }
  void end_migration(RedisProcess& from, RedisProcess& to) {
    const std::string id = id_of(to);
    EXPECT_EQ(to({"CLUSTER", "SETSLOT", slot(), "NODE", id}).text, "OK");
    EXPECT_EQ(from({"CLUSTER", "SETSLOT", slot(), "NODE", id}).text, "OK");
  }
  ConnectionOptions options() const {
    ConnectionOptions made{.command_timeout = 20s, .reconnect_max = 100ms};
    made.cluster.emplace();
    for (const auto& node : nodes) made.cluster->seeds.push_back({.host = "127.0.0.1", .port = node->port()});
    return made;
  }

  EventLoop loop;
  std::vector<std::uint16_t> bus;
  std::vector<std::unique_ptr<RedisProcess>> nodes;
};

TEST_F(ClusterTest, AQueueWithoutAHashTagIsRefusedAtConstruction) {
  try {
    Queue queue(loop.executor(), "orders", {.connection = options()});
    ADD_FAILURE() << "not refused";
  } catch (const ValidationError& error) {
    EXPECT_NE(std::string(error.what()).find("hash tag"), std::string::npos) << error.what();
  }
  const auto process = [](const Job&, std::stop_token) -> awaitable<std::string> { co_return "1"; };
  EXPECT_THROW(Worker(loop.executor(), "orders", process, {.connection = options()}), ValidationError);
  EXPECT_THROW(QueueEvents(loop.executor(), "orders", {.connection = options()}), ValidationError);
  // A shared connection serves one slot.
  const auto shared = open_connection(loop.executor(), options());
  Queue first(shared, "{orders}");
  Queue same(shared, "{orders}-too");
  EXPECT_THROW(Queue(shared, "{others}"), ValidationError);
  loop.run(first.add("job"));
  loop.run(same.add("job"));
}

TEST_F(ClusterTest, WorksWhereTheSlotIsAndFollowsItWhenItMovesUnderLoad) {
  Queue queue(loop.executor(), "{orders}", {.connection = options()});
  int processed = 0;
  Worker worker(loop.executor(), "{orders}-work",
                [&](const Job&, std::stop_token) -> awaitable<std::string> {
                  ++processed;
                  co_return "1";
                },
                {.connection = options()});
  Queue to_work(loop.executor(), "{orders}-work", {.connection = options()});
  AddTally tally;
  start_adding(loop, queue, tally, 10);
  loop.until([&] { return tally.added.size() > 300; });
  RedisProcess& from = owner();
  RedisProcess& to = other();
  EXPECT_EQ(from({"GET", "bull:{orders}:id"}).is_nil(), false);

  begin_migration(from, to);
  loop.run_for(20ms);
  // The first job has moved and can be read there already: ASK.
  from({"MIGRATE", "127.0.0.1", port_of(to), "bull:{orders}:1", "0", "5000"});
  const auto asked = loop.run(queue.get_job("1"));
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->name().empty(), false);
  while (migrate_some(from, to, 50)) loop.run_for(5ms);
  loop.run_for(100ms);
  end_migration(from, to);

  const auto before = tally.added.size();
  loop.until([&] { return tally.added.size() > before + 300; });
  tally.stop = true;
  loop.finish();
  EXPECT_TRUE(tally.refused.empty()) << tally.refused.begin()->first;
  EXPECT_TRUE(tally.unknown.empty());
  EXPECT_TRUE(tally.not_executed.empty());
  expect_fates_told_truly(to, "{orders}", tally);
  loop.run(to_work.add("job"));
  loop.until([&] { return processed == 1; });
  loop.run(worker.close(5s));
}

// New ones come whatever became of those before.
awaitable<void> add_at_intervals(EventLoop& loop, Queue& queue, AddTally& tally,
                                 std::chrono::microseconds interval) {
  for (int i = 0; !tally.stop; ++i) {
    loop.spawn(add_one(queue, std::to_string(i), tally));
    co_await sleep_for(interval);
  }
}

// Without an offline queue nothing waits for a server that is away; one that has moved is not away.
TEST_F(ClusterTest, FollowsASlotThatMovesAlsoWithoutAnOfflineQueue) {
  auto made = options();
  made.offline_queue = false;
  const auto connection = open_connection(loop.executor(), made);
  Queue queue(connection, "{orders}", {.fast_path = false});  // each add is a command of its own
  const Redis redis(connection);
  loop.until([&] { return redis.is_up(); });
  AddTally tally;
  loop.spawn(add_at_intervals(loop, queue, tally, 50us));
  loop.until([&] { return tally.added.size() > 100; });
  begin_migration(owner(), other());
  loop.run_for(20ms);
  while (migrate_some(owner(), other(), 50)) loop.run_for(5ms);
  end_migration(owner(), other());
  const auto before = tally.added.size();
  loop.until([&] { return tally.added.size() > before + 100; });
  tally.stop = true;
  loop.finish();
  EXPECT_TRUE(tally.refused.empty()) << tally.refused.begin()->first;
  EXPECT_TRUE(tally.unknown.empty());
  EXPECT_TRUE(tally.not_executed.empty());
  expect_fates_told_truly(other(), "{orders}", tally);
}

TEST_F(ClusterTest, ANodeThatIsDownDoesNotKeepItFromAskingTheOthers) {
  auto made = options();
  made.cluster->seeds.insert(made.cluster->seeds.begin(), {.host = "127.0.0.1", .port = free_port()});
  Queue queue(loop.executor(), "{orders}", {.connection = made});
  EXPECT_EQ(loop.run(queue.add("job")).id(), "1");
}

}  // namespace
}  // namespace bullmq::testing
