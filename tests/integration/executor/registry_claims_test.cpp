// Idempotency keys over both executors and several processes.
#include <gmock/gmock.h>

#include <future>
#include <set>

#include "integration/executor/registry_fixture.hpp"

namespace shunt::testing {
namespace {

class RegistryClaims : public RegistryTest {
 protected:
  static const executor::Accepted& accepted(const executor::SubmitOutcome& outcome) {
    return std::get<executor::Accepted>(outcome);
  }
  RedisProcess redis_;
};

TEST_F(RegistryClaims, AKeyOfTheSyncExecutorIsNotStartedByAnyOther) {
  ApiProcess& first = start_ready(redis_.url());
  ApiProcess& second = start_ready(redis_.url());
  const GenerationId id = first.sync.start(keyed("gated", "k"));
  for (const auto& outcome :
       {second.sync.submit(keyed("gated", "k")), second.queue.submit(keyed("gated", "k")),
        first.queue.submit(keyed("gated", "k")), first.sync.submit(keyed("gated", "k"))}) {
    EXPECT_EQ(accepted(outcome).id, id);
    EXPECT_TRUE(accepted(outcome).replayed);
  }
  hold_.release();
  EXPECT_EQ(second.queue.wait_for_end(id).text, "before after");
  EXPECT_EQ(accepted(second.queue.submit(keyed("gated", "k"))).id, id);
  EXPECT_EQ(refusal(second.sync.submit(keyed("gated", "k", {{"other", 1}}))), "idempotency_conflict");
  EXPECT_EQ(refusal(second.queue.submit(keyed("gated", "k", {{"other", 1}}))), "idempotency_conflict");
}

TEST_F(RegistryClaims, AKeyOfTheQueueIsNotStartedBySync) {
  ApiProcess& first = start_ready(redis_.url());
  ApiProcess& second = start_ready(redis_.url());
  const GenerationId id = first.queue.start(keyed("echo", "k"));
  EXPECT_EQ(accepted(second.sync.submit(keyed("echo", "k"))).id, id);
  EXPECT_EQ(refusal(second.sync.submit(keyed("echo", "k", {{"other", 1}}))), "idempotency_conflict");
  start_worker(redis_.url());
  EXPECT_EQ(first.queue.wait_for_end(id).text, "hello");
  EXPECT_EQ(accepted(second.sync.submit(keyed("echo", "k"))).id, id);
}

// Each key by four at once, two processes and both ways.
TEST_F(RegistryClaims, OneOfManyWins) {
  ApiProcess& first = start_ready(redis_.url());
  ApiProcess& second = start_ready(redis_.url());
  start_worker(redis_.url());
  for (int round = 0; round < 20; ++round) {
    const std::string key = "k" + std::to_string(round);
    std::vector<std::future<executor::SubmitOutcome>> racing;
    for (ExecutorClient* client : {&first.sync, &second.sync, &first.queue, &second.queue})
      racing.push_back(
          std::async(std::launch::async, [client, key] { return client->submit(keyed("echo", key)); }));
    std::set<std::string> ids;
    int begun = 0;
    for (auto& one : racing) {
      const executor::SubmitOutcome outcome = one.get();
      ids.insert(accepted(outcome).id.to_string());
      begun += accepted(outcome).replayed ? 0 : 1;
    }
    EXPECT_EQ(ids.size(), 1U);
    EXPECT_EQ(begun, 1);
    EXPECT_EQ(first.queue.wait_for_end(*GenerationId::parse(*ids.begin())).text, "hello");
  }
}

TEST_F(RegistryClaims, ARefusedSubmitGivesItsKeyBack) {
  Model small;
  small.name = "small";
  small.driver = "function";
  small.generator = make_function_generator(
      [this](GenerationRun& run) -> Json {
        hold_.wait(run.stop_token());
        return nullptr;
      },
      1);
  small.concurrency = 1;
  small.max_waiting = 0;
  small.timeout = 60s;
  ASSERT_TRUE(models_.add(std::move(small)).ok());
  ApiProcess& first = start_ready(redis_.url());
  ApiProcess& second = start_ready(redis_.url());
  first.sync.start(request("small"));
  EXPECT_EQ(refusal(first.sync.submit(keyed("small", "k"))), "model_busy");
  EXPECT_TRUE(eventually([&] {
    const auto outcome = second.sync.submit(keyed("small", "k"));
    return std::holds_alternative<executor::Accepted>(outcome) && !accepted(outcome).replayed;
  }));
  EXPECT_EQ(redis_({"ZCARD", "{shunt}::gen:index"}).integer, 2);
}

// An API process that died between its claim and the add.
TEST_F(RegistryClaims, AKeyWhoseQueueGenerationNeverGotThereIsFreed) {
  // For twice as long it may be on its way.
  queue_.enqueue_deadline = 2s;
  ApiProcess& process = start_ready(redis_.url());
  const GenerationId id = process.queue.start(keyed("echo", "k"));
  // As if its job had never been added.
  redis_({"DEL", "{shunt}:echo:" + id.to_string()});
  ASSERT_TRUE(eventually([&] {
    const auto outcome = process.sync.submit(keyed("echo", "k"));
    const auto* const now = std::get_if<executor::Accepted>(&outcome);
    return now != nullptr && now->id != id;
  }));
}

TEST_F(RegistryClaims, WithoutRedisWhatRunsOnceIsNotRunOnAWeakClaim) {
  queue_.enqueue_deadline = 500ms;
  Model once;
  once.name = "once";
  once.driver = "function";
  once.generator = make_function_generator([](GenerationRun&) -> Json { return nullptr; }, 1);
  once.on_lost = OnLost::kFail;
  ASSERT_TRUE(models_.add(std::move(once)).ok());
  redis_.stop();
  ApiProcess& process = start(redis_.url());
  EXPECT_EQ(refusal(process.sync.submit(keyed("once", "k"))), "queue_unavailable");
  EXPECT_EQ(process.counts.of(Registry::kWeakClaim), 0);
  // Without a key there is nothing that another process could run, too.
  EXPECT_EQ(process.sync.wait_for_end(process.sync.start(request("once"))).state,
            GenerationState::kSucceeded);
  redis_.start();
  ASSERT_TRUE(eventually([&] {
    const auto outcome = process.sync.submit(keyed("once", "k"));
    return std::holds_alternative<executor::Accepted>(outcome);
  }));
}

TEST_F(RegistryClaims, WithoutRedisTheProcessDecidesAndDoublesAreCounted) {
  queue_.enqueue_deadline = 1s;
  redis_.stop();
  ApiProcess& first = start(redis_.url());
  ApiProcess& second = start(redis_.url());
  const GenerationId id = first.sync.start(keyed("gated", "k"));
  EXPECT_EQ(accepted(first.sync.submit(keyed("gated", "k"))).id, id);
  const GenerationId twin = second.sync.start(keyed("gated", "k"));
  EXPECT_NE(twin, id);
  EXPECT_EQ(first.counts.of(Registry::kWeakClaim), 1);
  EXPECT_EQ(second.counts.of(Registry::kWeakClaim), 1);
  redis_.start();
  EXPECT_TRUE(eventually(
      [&] { return first.counts.of(Registry::kDouble) + second.counts.of(Registry::kDouble) == 1; }));
  // Both are known everywhere, and the key is one of theirs from now on.
  EXPECT_TRUE(is_known(second, id));
  EXPECT_TRUE(is_known(first, twin));
  const std::string holder = accepted(first.queue.submit(keyed("gated", "k"))).id.to_string();
  EXPECT_EQ(
      redis_({"HGET", "{shunt}::gen:k:" + redis_({"ZRANGE", "{shunt}::gen:kc:", "0", "0"}).elements[0].text,
              "id"})
          .text,
      holder);
}

}  // namespace
}  // namespace shunt::testing
