#include <gmock/gmock.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "integration/executor/cutting_proxy.hpp"
#include "integration/executor/queue_pair.hpp"
#include "queue/records/stored_generation.hpp"
#include "shunt/base/digest.hpp"
#include "support/hold.hpp"

namespace shunt::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class QueueFaults : public QueuePair {
 protected:
  QueueFaults() {
    add_model("gated", [this](GenerationRun& run) -> Json {
      run.delta("waiting");
      hold_.wait(run.stop_token());
      return nullptr;
    });
  }
  ~QueueFaults() override { hold_.release(); }

  static RedisProcess not_begun() {
    RedisProcess::Settings settings;
    settings.begin = false;
    return RedisProcess(std::move(settings));
  }
  // An API process that reaches Redis through the proxy, and a worker that does not need it.
  void start_behind(CuttingProxy& proxy, RedisProcess& redis, std::chrono::milliseconds enqueue_deadline) {
    queue_.enqueue_deadline = enqueue_deadline;
    start_executor(proxy.url());
    start_worker(redis.url());
    wait_ready();
  }
  // Whatever its outcome, a submit keeps to its time; slack for a machine with other tests on it, and still
  // less than the 5 s of a command that is none of a submit's.
  std::string refused_in_time(GenerationRequest made = request("echo")) {
    const auto begun = std::chrono::steady_clock::now();
    const auto outcome = client_.submit(std::move(made));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, 3 * queue_.enqueue_deadline + 4s);
    if (const auto* refused = std::get_if<executor::Refused>(&outcome)) {
      EXPECT_TRUE(refused->error.is_retryable());
      EXPECT_TRUE(refused->retry_after.has_value());
      return refused->error.code.to_string() + ": " + log_text(refused->error);
    }
    if (const auto* unknown = std::get_if<executor::Unknown>(&outcome))
      return "unknown: " + log_text(unknown->error);
    return "accepted";
  }
  void expect_all_well() {
    wait_ready();
    EXPECT_TRUE(eventually([&] { return worker_->describe().connected; }));
    std::optional<GenerationId> id;
    EXPECT_TRUE(eventually([&] {
      const auto outcome = client_.submit(request("echo"));
      if (const auto* accepted = std::get_if<executor::Accepted>(&outcome)) id = accepted->id;
      return id.has_value();
    }));
    EXPECT_EQ(client_.wait_for_end(*id).state, GenerationState::kSucceeded);
  }
  // An API that died between admission and add.
  GenerationId lose_enqueue(RedisProcess& redis, const GenerationRequest& made) {
    std::ifstream in(SHUNT_LUA "/admit.lua");
    std::ostringstream script;
    script << in.rdbuf();
    GenerationIdSource ids(system_clock());
    Envelope envelope;
    envelope.id = ids.next();
    envelope.request = made;
    envelope.created_at = system_clock().now();
    envelope.deadline = envelope.created_at + 60s;
    const std::string now = std::to_string(envelope.created_at.time_since_epoch().count());
    const auto reply = redis({"EVAL",
                              script.str(),
                              "1",
                              key("::gen:"),
                              now,
                              "60000",
                              "api-dead",
                              "",
                              "600000",
                              "1000",
                              envelope.id.to_string(),
                              key(":" + made.model),
                              made.model,
                              encode_head(envelope),
                              sha256_hex("0:" + made.idempotency_key),
                              request_fingerprint(made),
                              "100",
                              "8",
                              "60000",
                              "",
                              "0"});
    EXPECT_EQ(reply.elements.at(0).elements.at(0).text, "admitted");
    return envelope.id;
  }
  bool is_degraded(const std::string& why) {
    return eventually([&] {
      const auto description = executor_->describe();
      return description.health == executor::Health::kDegraded &&
             description.reason.find(why) != std::string::npos;
    });
  }

  Hold hold_;
};

TEST_F(QueueFaults, WithoutRedisItStartsRefusesInTimeAndHealsWhenRedisAppears) {
  queue_.enqueue_deadline = 300ms;
  RedisProcess redis = not_begun();
  start_executor(redis.url());
  start_worker(redis.url());
  EXPECT_THAT(refused_in_time(), StartsWith("queue_unavailable: "));
  EXPECT_EQ(executor_->describe().health, executor::Health::kDegraded);
  redis.start();
  expect_all_well();
}

TEST_F(QueueFaults, AHangingRedisIsNoticedAndRefusedInTime) {
  queue_.enqueue_deadline = 300ms;
  RedisProcess redis;
  start(redis.url());
  redis.suspend();
  EXPECT_THAT(refused_in_time(), StartsWith("queue_unavailable: "));
  EXPECT_TRUE(is_degraded(""));
  redis.resume();
  expect_all_well();
}

// Where Redis itself refuses it has the time to say so.
TEST_F(QueueFaults, AFullRedisIsDegradedAndRefusesWithItsWords) {
  queue_.enqueue_deadline = 1500ms;
  RedisProcess redis;
  start(redis.url());
  redis({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_TRUE(is_degraded("OOM"));
  EXPECT_THAT(refused_in_time(), HasSubstr("OOM"));
  redis({"CONFIG", "SET", "maxmemory", "0"});
  expect_all_well();
}

TEST_F(QueueFaults, AReadOnlyReplicaIsDegradedAndRefused) {
  queue_.enqueue_deadline = 1500ms;
  RedisProcess redis;
  start(redis.url());
  redis({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_TRUE(is_degraded("replica"));
  EXPECT_THAT(refused_in_time(), HasSubstr("queue_unavailable"));
  redis({"REPLICAOF", "NO", "ONE"});
  expect_all_well();
}

TEST_F(QueueFaults, ARedisThatLostItsDataEndsWhatItForgotAndGoesOn) {
  RedisProcess redis;
  start(redis.url());
  const GenerationId id = client_.start(request("gated"));
  const auto stream = client_.watch(id);
  ASSERT_TRUE(eventually([&] { return client_.record(id).text == "waiting"; }));
  redis.kill();
  redis.start();
  std::vector<GenerationEvent> seen;
  while (!stream->ended()) {
    client_.wait_ready(*stream);
    for (auto& event : stream->read()) seen.push_back(std::move(event));
  }
  const auto* failed = std::get_if<event::Failed>(&seen.back().payload);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->error.code, error_code::kWorkerLost);
  EXPECT_THAT(failed->error.message, HasSubstr("without its data"));
  hold_.release();
  expect_all_well();
}

TEST_F(QueueFaults, ARedisThatKeptItsDataGoesOnWhereItWas) {
  RedisProcess redis = RedisProcess::durable();
  start(redis.url());
  const GenerationId id = client_.start(request("gated"));
  ASSERT_TRUE(eventually([&] { return client_.record(id).text == "waiting"; }));
  redis.kill();
  redis.start();
  wait_ready();
  hold_.release();
  const GenerationRecord record = client_.wait_for_end(id);
  EXPECT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text, "waiting");
}

TEST_F(QueueFaults, CutBeforeTheAddTheJobIsAddedOnce) {
  RedisProcess redis;
  CuttingProxy proxy(redis.port());
  start_behind(proxy, redis, 3s);
  proxy.cut_once(key(":echo:wait"), CuttingProxy::Where::kBeforeTheCommand);
  const GenerationId id = client_.start(request("echo"));
  EXPECT_EQ(proxy.cuts(), 1);
  EXPECT_EQ(types(client_.events(id)), (std::vector<std::string>{"queued", "started", "delta", "succeeded"}));
  EXPECT_TRUE(eventually([&] { return redis({"ZCARD", key(":echo:completed")}).integer == 1; }));
}

// Nobody knows in time whether the job came there, and then Redis tells.
TEST_F(QueueFaults, CutForLongAfterTheAddItIsAcceptedSinceItsJobIsThere) {
  RedisProcess redis;
  CuttingProxy proxy(redis.port());
  start_behind(proxy, redis, 1500ms);
  proxy.cut_once(key(":echo:wait"), CuttingProxy::Where::kBeforeTheAnswer);
  proxy.refuse_new(true);
  const GenerationId id = client_.start(request("echo"));
  EXPECT_EQ(proxy.cuts(), 1);
  proxy.refuse_new(false);
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_TRUE(eventually([&] { return redis({"ZCARD", key(":echo:completed")}).integer == 1; }));
}

// The refusal is final: whoever has it may run the request elsewhere, whatever comes to Redis afterwards.
TEST_F(QueueFaults, AJobThatComesAfterItsSubmitWasSettledNeverRuns) {
  std::atomic<int> runs = 0;
  add_model("counted", [&runs](GenerationRun&) -> Json { return ++runs; });
  RedisProcess redis;
  CuttingProxy proxy(redis.port());
  start_behind(proxy, redis, 1500ms);
  GenerationRequest made = request("counted");
  made.idempotency_key = "k1";
  proxy.cut_once(key(":counted:wait"), CuttingProxy::Where::kLongBeforeTheCommand);
  proxy.refuse_new(true);
  EXPECT_THAT(refusal(made), HasSubstr("did not come there"));
  EXPECT_EQ(proxy.cuts(), 1);
  proxy.let_late_one_pass();
  // The worker takes it, and finds that its generation has ended.
  EXPECT_TRUE(eventually([&] { return redis({"EXISTS", key(":counted:id")}).integer == 1; }));
  EXPECT_TRUE(eventually([&] {
    return redis({"LLEN", key(":counted:wait")}).integer == 0 &&
           redis({"LLEN", key(":counted:active")}).integer == 0;
  }));
  EXPECT_EQ(runs, 0);
  EXPECT_EQ(ends_.count(), 0) << "its request was refused";
  // Its key is free, and leads to one run.
  proxy.refuse_new(false);
  wait_ready();
  std::optional<GenerationId> id;
  EXPECT_TRUE(eventually([&] {
    const auto outcome = client_.submit(made);
    const auto* const accepted = std::get_if<executor::Accepted>(&outcome);
    if (accepted != nullptr) id = accepted->id;
    return id.has_value();
  }));
  EXPECT_EQ(client_.wait_for_end(*id).state, GenerationState::kSucceeded);
  EXPECT_EQ(runs, 1);
  EXPECT_TRUE(eventually([&] { return ends_.count() == 1; }));
}

TEST_F(QueueFaults, CutAfterTheAddItsFateIsLookedUpAndThereIsOneJob) {
  RedisProcess redis;
  CuttingProxy proxy(redis.port());
  start_behind(proxy, redis, 3s);
  proxy.cut_once(key(":echo:wait"), CuttingProxy::Where::kBeforeTheAnswer);
  const GenerationId id = client_.start(request("echo"));
  EXPECT_EQ(proxy.cuts(), 1);
  EXPECT_EQ(types(client_.events(id)), (std::vector<std::string>{"queued", "started", "delta", "succeeded"}));
  EXPECT_TRUE(eventually([&] { return redis({"ZCARD", key(":echo:completed")}).integer == 1; }));
  EXPECT_EQ(redis({"GET", key(":echo:id")}).text, "1") << "it was added again";
}

// Admitted, and then the queue refuses the job.
TEST_F(QueueFaults, AnAdmissionWhoseAddIsRefusedIsTakenBack) {
  queue_.enqueue_deadline = 1500ms;
  RedisProcess redis;
  start(redis.url());
  redis({"ACL", "SETUSER", "default", "resetkeys", "~{shunt}::gen:*", "%R~*"});
  EXPECT_THAT(refused_in_time(), HasSubstr("NOPERM"));
  EXPECT_TRUE(eventually([&] { return redis({"ZCARD", key("::gen:index")}).integer == 0; }));
  EXPECT_EQ(redis({"ZCARD", key("::gen:o:{shunt}:echo")}).integer, 0);
  redis({"ACL", "SETUSER", "default", "allkeys"});
  expect_all_well();
}

TEST_F(QueueFaults, TheKeyOfALostEnqueueIsTakenOverByItsNextUse) {
  // After twice as long it may be taken over, and after four times as long it ends.
  queue_.enqueue_deadline = 1500ms;
  RedisProcess redis;
  start(redis.url());
  GenerationRequest made = request("gated");
  made.idempotency_key = "once";
  const GenerationId lost = lose_enqueue(redis, made);
  hold_.release();
  std::optional<executor::Accepted> accepted;
  ASSERT_TRUE(eventually([&] {
    auto outcome = client_.submit(made);
    if (auto* const taken = std::get_if<executor::Accepted>(&outcome)) accepted = std::move(*taken);
    return accepted.has_value();
  }));
  EXPECT_EQ(accepted->id, lost);
  EXPECT_EQ(client_.wait_for_end(lost).state, GenerationState::kSucceeded);
  const auto again = client_.submit(made);
  EXPECT_EQ(std::get<executor::Accepted>(again).id, accepted->id);
  EXPECT_TRUE(std::get<executor::Accepted>(again).replayed);
}

TEST_F(QueueFaults, ALostEnqueueThatNobodyTakesOverEndsAndFreesItsKey) {
  queue_.enqueue_deadline = 1s;
  RedisProcess redis;
  start(redis.url());
  GenerationRequest made = request("echo");
  made.idempotency_key = "once";
  const GenerationId lost = lose_enqueue(redis, made);
  ASSERT_TRUE(eventually([&] { return client_.record(lost).state == GenerationState::kFailed; }));
  EXPECT_THAT(client_.record(lost).error->message, HasSubstr("never got there"));
  const auto outcome = client_.submit(made);
  EXPECT_FALSE(std::get<executor::Accepted>(outcome).replayed);
  EXPECT_EQ(client_.wait_for_end(std::get<executor::Accepted>(outcome).id).state,
            GenerationState::kSucceeded);
}

std::size_t entries_of(const char* folder) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
  return count;
}

TEST_F(QueueFaults, ManyReconnectsLeaveNoThreadAndNoDescriptor) {
  const char* const asked = std::getenv("SHUNT_FAULT_RECONNECTS");
  const std::size_t reconnects = asked != nullptr ? std::strtoul(asked, nullptr, 10) : 30;
  RedisProcess redis;
  start(redis.url());
  expect_all_well();
  const std::size_t descriptors = entries_of("/proc/self/fd");
  const std::size_t threads = entries_of("/proc/self/task");
  for (std::size_t i = 0; i < reconnects; ++i) {
    redis({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    ASSERT_TRUE(eventually([&] {
      const std::string list = redis({"CLIENT", "LIST", "TYPE", "normal"}).text;
      return list.find("name=shunt:submit") != std::string::npos &&
             list.find("name=shunt:worker") != std::string::npos;
    }));
  }
  expect_all_well();
  // Some connections may not have been there yet when they were counted; one left behind at each reconnect is
  // more.
  EXPECT_TRUE(eventually([&] { return entries_of("/proc/self/fd") <= descriptors + reconnects / 2; }))
      << descriptors << " then, now " << entries_of("/proc/self/fd");
  EXPECT_EQ(entries_of("/proc/self/task"), threads);
}

TEST_F(QueueFaults, AnApiThatDoesNotReadIsToldNothingMoreAndCatchesUp) {
  RedisProcess redis;
  start(redis.url());
  const GenerationId id = client_.start(request("gated"));
  ASSERT_TRUE(eventually([&] { return client_.record(id).text == "waiting"; }));
  // As if this process had been stopped for longer than it may.
  const auto heard = redis({"KEYS", key("::gen:on:api*")});
  ASSERT_EQ(heard.elements.size(), 1U);
  redis({"DEL", heard.elements[0].text});
  hold_.release();
  ASSERT_TRUE(eventually(
      [&] { return redis({"HGET", key("::gen:r:") + id.to_string(), "state"}).text == "succeeded"; }));
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kSucceeded);
}

TEST_F(QueueFaults, ItRunsOnACluster) {
  RedisProcess::Settings settings;
  // Without one Redis takes its port and 10,000 for the bus, which not every free port has room for.
  settings.arguments = {"--cluster-enabled", "yes", "--cluster-port",
                        std::to_string(bullmq::testing::free_port())};
  RedisProcess redis(std::move(settings));
  redis({"CLUSTER", "ADDSLOTSRANGE", "0", "16383"});
  ASSERT_TRUE(eventually(
      [&] { return redis({"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos; }));
  start("redis+cluster://127.0.0.1:" + std::to_string(redis.port()));
  const GenerationId id = client_.start(request("echo"));
  EXPECT_EQ(types(client_.events(id)), (std::vector<std::string>{"queued", "started", "delta", "succeeded"}));
  EXPECT_EQ(client_.list({})->records.size(), 1U);
}

}  // namespace
}  // namespace shunt::testing
