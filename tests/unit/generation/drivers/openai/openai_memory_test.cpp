#include "openai_fixture.hpp"

// What is held of an upstream's answer counts for memory.limit.
namespace shunt::generation {
namespace {

class OpenAiMemory : public testing::OpenAiTest {
 protected:
  // The drivers' share is 1.5 MiB.
  OpenAiMemory() { memory_ = std::make_unique<MemoryBudget>(std::size_t{16} << 20U); }

  [[nodiscard]] std::size_t used() const { return memory_->used(MemoryShare::kDrivers); }
  void expect_overloaded(const GenerationRecord& record) {
    ASSERT_EQ(record.state, GenerationState::kFailed);
    EXPECT_EQ(record.error->code, error_code::kOverloaded) << record.error->message;
    EXPECT_TRUE(record.error->is_retryable());
    expect_given_back();
  }
  void expect_given_back() const {
    EXPECT_TRUE(testing::eventually([&] { return used() == 0; })) << used();
  }
};

TEST_F(OpenAiMemory, AnAnswerThatDoesNotFitFailsWhateverItsForm) {
  const std::vector<std::string> floods{"huge_event", "huge_json", "huge_reasoning", "huge_tool_call"};
  for (const std::string& flood : floods) given_model(flood);
  for (std::size_t i = 0; i < floods.size(); ++i) {
    SCOPED_TRACE(floods[i]);
    expect_overloaded(run(i));
    EXPECT_TRUE(testing::eventually([&] { return seen(floods[i]).at("closed") == 1; }));
  }
}

TEST_F(OpenAiMemory, ARequestThatDoesNotFitIsNotSent) {
  given_model("ok");
  GenerationRequest request;
  request.input = JsonObject{{"prompt", std::string(100'000, 'x')}};
  const std::size_t others = memory_->capacity(MemoryShare::kDrivers) - 100'000;
  memory_->take(MemoryShare::kDrivers, others);
  const auto record = run(0, request);
  memory_->give_back(MemoryShare::kDrivers, others);
  expect_overloaded(record);
  EXPECT_EQ(calls(), 0);
}

TEST_F(OpenAiMemory, IsGivenBackHoweverARunEnds) {
  const std::vector<std::string> ends{"ok",           "json", "tool_calls", "half", "status?code=500",
                                      "unauthorized", "html", "garbage",    "reset"};
  for (const std::string& end : ends) given_model(end);
  for (std::size_t i = 0; i < ends.size(); ++i) {
    (void)run(i);
    EXPECT_TRUE(testing::eventually([&] { return used() == 0; })) << ends[i] << ": " << used();
  }
  EXPECT_EQ(memory_->refused(MemoryShare::kDrivers), 0U);
}

TEST_F(OpenAiMemory, IsHeldWhileAnAnswerComesAndGivenBackWhenItIsStopped) {
  given_model("huge_reasoning?bytes=200000&hang=1");
  const GenerationId id = start();
  ASSERT_TRUE(testing::eventually([&] { return used() >= 200'000; })) << used();
  ASSERT_TRUE(client().cancel(id, "enough").ok());
  EXPECT_EQ(client().wait_for_end(id).state, GenerationState::kCancelled);
  expect_given_back();
}

}  // namespace
}  // namespace shunt::generation
