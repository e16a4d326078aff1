#include "shunt/generation/drivers/simulator.hpp"

#include <gtest/gtest.h>

#include "shunt/executor/sync_executor.hpp"
#include "shunt/generation/error_codes.hpp"
#include "support/executor_client.hpp"

namespace shunt::generation {
namespace {

class SimulatorTest : public ::testing::Test {
 protected:
  SimulatorTest() : loops_(1), client_(loops_) {
    Model model;
    model.name = "simulator";
    model.generator = make_simulator(
        {.first_token = std::chrono::milliseconds(2), .token_gap = std::chrono::milliseconds(1)});
    EXPECT_TRUE(models_.add(std::move(model)).ok());
    executor_ = executor::make_sync_executor(models_, *store_);
    client_.use(*executor_);
  }
  ~SimulatorTest() override { client_.drain(std::chrono::milliseconds(0)); }

  GenerationId start(JsonObject input) {
    GenerationRequest request;
    request.model = "simulator";
    input["prompt"] = "p";
    request.input = std::move(input);
    return client_.start(std::move(request));
  }

  EventLoopThreads loops_;
  ModelRegistry models_;
  std::unique_ptr<GenerationStore> store_ = make_memory_store(system_clock(), {});
  std::unique_ptr<executor::GenerationExecutor> executor_;
  testing::ExecutorClient client_;
};

TEST_F(SimulatorTest, SaysTheSameForTheSameSeedWithAndWithoutWaiting) {
  const JsonObject timed{{"seed", 5}, {"tokens", 12}};
  const JsonObject instant{{"seed", 5}, {"tokens", 12}, {"first_token_ms", 0}, {"token_gap_ms", 0}};
  const auto one = client_.wait_for_end(start(timed));
  const auto two = client_.wait_for_end(start(timed));
  EXPECT_EQ(one.state, GenerationState::kSucceeded);
  EXPECT_EQ(one.text, two.text);
  EXPECT_EQ(one.result, (Json(JsonObject{{"tokens", 12}, {"simulated", true}})));
  EXPECT_EQ(std::ranges::count(one.text, ' '), 12);
  EXPECT_EQ(client_.wait_for_end(start(instant)).state, GenerationState::kSucceeded);
  EXPECT_NE(client_.wait_for_end(start({{"seed", 6}, {"tokens", 12}})).text, one.text);
}

TEST_F(SimulatorTest, ProducesAnArtifactOfTheSizeThatWasAskedFor) {
  const auto record = client_.wait_for_end(start({{"tokens", 1}, {"result_bytes", 5'000}}));
  ASSERT_EQ(record.artifacts.size(), 1U);
  EXPECT_EQ(record.artifacts[0].size(), 5'000U);
}

TEST_F(SimulatorTest, FailsOnPurposeAsARetryableError) {
  const auto record = client_.wait_for_end(start({{"failure_rate", 1}}));
  ASSERT_EQ(record.state, GenerationState::kFailed);
  EXPECT_EQ(record.error->code, error_code::kSimulatedFailure);
  EXPECT_TRUE(record.error->is_retryable());
}

TEST_F(SimulatorTest, StopsInTheMiddle) {
  const GenerationId id = start({{"tokens", 100'000}, {"token_gap_ms", 5}});
  ASSERT_TRUE(testing::eventually([&] { return !client_.record(id).text.empty(); }));
  ASSERT_TRUE(client_.cancel(id, "enough").ok());
  EXPECT_EQ(client_.wait_for_end(id).state, GenerationState::kCancelled);
}

}  // namespace
}  // namespace shunt::generation
