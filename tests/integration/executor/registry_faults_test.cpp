// Owners that die, and a Redis that goes and comes back.
#include <gmock/gmock.h>

#include "integration/executor/cutting_proxy.hpp"
#include "integration/executor/registry_fixture.hpp"

namespace shunt::testing {
namespace {

class RegistryFaults : public RegistryTest {
 protected:
  RedisProcess redis_ = RedisProcess::durable();
};

TEST_F(RegistryFaults, WhatADeadOwnerRanIsInterrupted) {
  queue_.lease = 3s;
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId quiet = owner.sync.start(request("gated"));
  const GenerationId watched = owner.sync.start(in_background("gated"));
  ASSERT_TRUE(is_known(other, quiet));
  const auto watch = other.queue.watch(watched);
  const auto begun = std::chrono::steady_clock::now();
  owner.die();
  other.queue.wait_over(*watch);
  EXPECT_EQ(watch->record().error->code.to_string(), "interrupted");
  EXPECT_EQ(watch->record().text, "before ");
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(quiet)) == "interrupted"; }));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 15s);
  EXPECT_EQ(other.counts.of(Registry::kInterrupted), 2);
  // It is forgotten then.
  EXPECT_TRUE(eventually([&] { return redis_({"ZCARD", "{shunt}::gen:owners"}).integer == 1; }));
  EXPECT_EQ(other.queue.list({.state = GenerationState::kFailed})->records.size(), 2U);
  // Its request is there for the one that was async.
  EXPECT_TRUE(std::holds_alternative<GenerationRequest>(*other.queue.request_of(watched)));
  EXPECT_TRUE(std::holds_alternative<executor::RequestForgotten>(*other.queue.request_of(quiet)));
}

// A 202 was told of, and so is its end; of the others nobody has been told whom it would be missing to.
TEST_F(RegistryFaults, AnOwnerThatDiesBeforeItHasRegisteredLeavesNothingOpen) {
  queue_.lease = 3s;
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId told = owner.sync.start(in_background("gated"));
  redis_.suspend();
  const GenerationId running = owner.sync.start(request("gated"));
  const GenerationId ended = owner.sync.start(request("echo"));
  owner.sync.wait_for_end(ended);
  owner.die();
  redis_.resume();
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(told)) == "interrupted"; }));
  const auto is_over = [&](const GenerationId& id) {
    const std::string code = code_of(other.queue.find(id));
    return code == "unknown" || code == "interrupted" || code == "succeeded";
  };
  EXPECT_TRUE(eventually([&] { return is_over(running) && is_over(ended); }));
  EXPECT_TRUE(other.queue.list({.state = GenerationState::kRunning})->records.empty());
}

// Redis takes them more slowly than they come: what waits for it has a bound, and what is left out is
// counted.
TEST_F(RegistryFaults, WhatRedisHasNoTimeForIsLocalAndCounted) {
  queue_.enqueue_deadline = 60s;
  queue_.command_timeout = 60s;
  ApiProcess& owner = start_ready(redis_.url());
  const GenerationId open = owner.sync.start(request("gated"));
  const auto entered = [&] { return redis_({"ZCARD", "{shunt}::gen:index"}).integer; };
  ASSERT_TRUE(eventually([&] { return entered() == 1; }));
  redis_.suspend();
  constexpr int kTurns = 8;
  constexpr int kEach = 1'500;  // fewer than may stand in line
  for (int turn = 0; turn < kTurns; ++turn) {
    loops_.at(0).run_on_thread([&] {
      for (int i = 0; i < kEach; ++i) owner.pair.sync->submit(request("echo"), [](const auto&) {});
    });
    ASSERT_TRUE(eventually([&] {
      const auto now = owner.pair.sync->describe();
      return now.running + now.waiting == 1;
    }));
  }
  EXPECT_TRUE(eventually([&] { return owner.counts.of(Registry::kLocal) > 0; }));
  redis_.resume();
  EXPECT_TRUE(
      eventually([&] { return entered() + owner.counts.of(Registry::kLocal) == kTurns * kEach + 1; }));
  EXPECT_LE(owner.counts.of(Registry::kLocal), 2'000);
  hold_.release();
  const std::string record = "{shunt}::gen:r:" + open.to_string();
  EXPECT_TRUE(eventually([&] { return redis_({"HGET", record, "state"}).text == "succeeded"; }));
}

TEST_F(RegistryFaults, WhatADeadOwnerKeptForItselfIsGoneUnlessItsEndWasStored) {
  queue_.lease = 3s;
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId small = owner.sync.start(request("echo"));
  const GenerationId large = owner.sync.start(request("long"));
  owner.sync.wait_for_end(small);
  owner.sync.wait_for_end(large);
  for (const GenerationId& id : {small, large}) {
    const std::string key = "{shunt}::gen:r:" + id.to_string();
    ASSERT_TRUE(eventually([&] { return redis_({"HGET", key, "state"}).text == "succeeded"; }));
  }
  owner.die();
  EXPECT_EQ(other.queue.record(small).text, "hello");
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(large)) == "gone"; }));
}

TEST_F(RegistryFaults, ADrainedOwnerLeavesNothingOpen) {
  queue_.lease = 3s;
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId id = owner.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other, id));
  owner.sync.drain(0ms);
  owner.die();
  EXPECT_EQ(code_of(other.queue.find(id)), "cancelled");
  // Only the other one is left, as soon as it has a lease.
  EXPECT_TRUE(eventually([&] { return redis_({"ZCARD", "{shunt}::gen:owners"}).integer == 1; }));
  EXPECT_EQ(other.counts.of(Registry::kInterrupted), 0);
}

TEST_F(RegistryFaults, WithoutRedisGenerationsAreLocalAndAsyncIsRefused) {
  queue_.enqueue_deadline = 500ms;
  redis_.stop();
  ApiProcess& process = start(redis_.url());
  EXPECT_EQ(process.sync.wait_for_end(process.sync.start(request("echo"))).text, "hello");
  const auto outcome = process.sync.submit(in_background("echo"));
  EXPECT_EQ(refusal(outcome), "queue_unavailable");
  EXPECT_TRUE(std::get<executor::Refused>(outcome).error.is_retryable());
  EXPECT_EQ(process.counts.of(Registry::kAsyncRefused), 1);
  EXPECT_TRUE(eventually([&] { return process.counts.of(Registry::kLocal) == 1; }));
}

// "Could not be stored" is final, and this is over in a moment.
TEST_F(RegistryFaults, AnOwnerThatHasLostRedisForAMomentIsNotSaidToHaveLostItsLog) {
  CuttingProxy proxy(redis_.port());
  queue_.command_timeout = 2s;
  ApiProcess& owner = start_ready(proxy.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId id = owner.sync.start(request("long"));
  owner.sync.wait_for_end(id);
  const std::string key = "{shunt}::gen:r:" + id.to_string();
  ASSERT_TRUE(eventually([&] { return redis_({"HGET", key, "held"}).text == "1"; }));
  // What registers is cut off; what is asked and answered goes on.
  proxy.refuse_new(true);
  // A name that nothing else sends: the look at the models' health names "echo", too, on another connection.
  GenerationRequest cut = request("echo");
  cut.caller = "whose-entry-is-cut";
  proxy.cut_once(cut.caller, CuttingProxy::Where::kBeforeTheCommand);
  owner.sync.wait_for_end(owner.sync.start(std::move(cut)));
  ASSERT_TRUE(eventually([&] { return proxy.cuts() == 1; }));
  // It finds that out a moment after the proxy.
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(id)) == "queue_unavailable"; }));
  proxy.refuse_new(false);
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(id)) == "succeeded"; }));
}

TEST_F(RegistryFaults, WhatIsOpenIsEnteredWhenRedisIsBack) {
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId before = owner.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other, before));
  redis_.stop();
  const GenerationId meanwhile = owner.sync.start(request("gated"));
  redis_.start();
  EXPECT_TRUE(is_known(other, meanwhile));
  EXPECT_TRUE(is_known(other, before));
  hold_.release();
  EXPECT_EQ(other.queue.wait_for_end(before).text, "before after");
  EXPECT_EQ(other.queue.wait_for_end(meanwhile).text, "before after");
  EXPECT_EQ(other.counts.of(Registry::kInterrupted) + owner.counts.of(Registry::kInterrupted), 0);
}

// Nobody could renew a lease while Redis was away, and nobody is gone.
TEST_F(RegistryFaults, NobodyIsTakenForGoneBecauseRedisWasAway) {
  queue_.lease = 3s;
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId id = owner.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other, id));
  redis_.suspend();
  std::this_thread::sleep_for(2 * queue_.lease);
  redis_.resume();
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(id)) == "running"; }));
  redis_.stop();
  std::this_thread::sleep_for(2 * queue_.lease);
  redis_.start();
  EXPECT_TRUE(eventually([&] { return code_of(other.queue.find(id)) == "running"; }));
  hold_.release();
  EXPECT_EQ(other.queue.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_EQ(other.counts.of(Registry::kInterrupted) + owner.counts.of(Registry::kInterrupted), 0);
}

TEST_F(RegistryFaults, ARedisThatCameBackEmptyIsToldAgain) {
  RedisProcess forgetful;
  ApiProcess& owner = start_ready(forgetful.url());
  ApiProcess& other = start_ready(forgetful.url());
  const GenerationId quiet = owner.sync.start(request("gated"));
  const GenerationId async = owner.sync.start(in_background("gated"));
  ASSERT_TRUE(is_known(other, quiet));
  forgetful.stop();
  forgetful.start();
  EXPECT_TRUE(is_known(other, quiet));
  EXPECT_TRUE(is_known(other, async));
  hold_.release();
  EXPECT_EQ(other.queue.wait_for_end(quiet).text, "before after");
  EXPECT_EQ(other.queue.wait_for_end(async).text, "before after");
}

TEST_F(RegistryFaults, AnotherProcessesEndStandsInRedisAndIsCounted) {
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId id = owner.sync.start(request("gated"));
  ASSERT_TRUE(is_known(other, id));
  const std::string record = "{shunt}::gen:r:" + id.to_string();
  ASSERT_TRUE(eventually([&] { return other.queue.record(id).text == "before "; }));
  const std::string sequence = redis_({"HGET", record, "seq"}).text;
  const std::string next = std::to_string(std::stoi(sequence) + 1);
  redis_(
      {"HSET", record, "state", "failed", "seq", next, "e" + next,
       R"([{"seq":)" + next +
           R"(,"type":"failed","at":"2026-01-01T00:00:00.000Z","error":{"code":"interrupted","message":"gone"}}])"});
  hold_.release();
  EXPECT_EQ(owner.sync.wait_for_end(id).state, GenerationState::kSucceeded);
  EXPECT_TRUE(eventually([&] { return owner.counts.of(Registry::kOvertaken) == 1; }));
  EXPECT_EQ(code_of(other.queue.find(id)), "interrupted");
}

// A record of a sync generation as somebody who should not has written it.
TEST_F(RegistryFaults, HostileRecordsHarmNothingElse) {
  ApiProcess& owner = start_ready(redis_.url());
  ApiProcess& other = start_ready(redis_.url());
  const GenerationId id = owner.sync.start(request("long"));
  owner.sync.wait_for_end(id);
  const std::string record = "{shunt}::gen:r:" + id.to_string();
  ASSERT_TRUE(eventually([&] { return redis_({"HGET", record, "held"}).text == "1"; }));
  for (const std::string end :
       {"", "[]", "{}", R"([{"seq":5,"type":"delta","at":"2026-01-01T00:00:00.000Z","text":"x"}])"}) {
    redis_({"HSET", record, "end", end});
    EXPECT_EQ(code_of(other.queue.find(id)), "broken_record");
    EXPECT_TRUE(other.queue.list({})->records.empty());
  }
  redis_({"HSET", record, "owner", "nobody that there is"});
  redis_({"SADD", "{shunt}::gen:so:someone", "x"});
  redis_({"ZADD", "{shunt}::gen:owners", "1", "someone"});
  const GenerationId next = owner.sync.start(request("echo"));
  owner.sync.wait_for_end(next);
  EXPECT_TRUE(is_known(other, next));
}

}  // namespace
}  // namespace shunt::testing
