#include <gmock/gmock.h>

#include "integration/executor/queue_pair.hpp"

namespace shunt::testing {
namespace {

class LargeOutput : public QueuePair {
 protected:
  LargeOutput() {
    queue_.max_inline_bytes = 10'000;
    add_model("large", [](GenerationRun&) -> Json { return JsonObject{{"blob", std::string(50'000, 'x')}}; });
    add_model("piece", [](GenerationRun& run) -> Json {
      run.delta(std::string(300'000, 'y'));
      return nullptr;
    });
    add_model("tokens", [](GenerationRun& run) -> Json {
      for (int i = 0; i < 100'000 && !run.stop_token().stop_requested(); ++i) run.delta("token ");
      return nullptr;
    });
    add_model("artifact", [](GenerationRun& run) -> Json {
      run.artifact({"a.bin", "application/octet-stream", std::make_shared<const std::string>(1'000, 'z')});
      return "done";
    });
  }
  // Bytes of the generation's record in Redis.
  std::int64_t record_bytes(const GenerationId& id) {
    return redis_({"MEMORY", "USAGE", key("::gen:r:") + id.to_string(), "SAMPLES", "0"}).integer;
  }

  RedisProcess redis_;
};

TEST_F(LargeOutput, AResultBeyondTheLimitLiesInTheStoreAndClientsSeeIt) {
  start(redis_.url());
  const GenerationId id = client_.start(request("large"));
  const auto events = client_.events(id);
  const auto& live = std::get<event::Succeeded>(events.back().payload);
  EXPECT_EQ(live.result.at("blob").as_string().size(), 50'000U);
  EXPECT_FALSE(live.stored.has_value());
  EXPECT_LT(record_bytes(id), 10'000);
  // And to a process that comes later.
  executor_.reset();
  start_executor(redis_.url());
  wait_ready();
  EXPECT_EQ(client_.record(id).result.at("blob").as_string().size(), 50'000U);
  const auto replay = client_.events(id);
  EXPECT_EQ(std::get<event::Succeeded>(replay.back().payload).result.at("blob").as_string().size(), 50'000U);
  EXPECT_EQ(client_.list({})->records.at(0).state, GenerationState::kSucceeded);
}

TEST_F(LargeOutput, AResultWhoseBytesAreGoneIsAnErrorWithItsCode) {
  start(redis_.url());
  const GenerationId id = client_.start(request("large"));
  client_.wait_for_end(id);
  executor_.reset();
  std::filesystem::remove_all(folder_);
  start_executor(redis_.url());
  wait_ready();
  EXPECT_EQ(client_.find(id).error().code, error_code::kArtifactGone);
}

TEST_F(LargeOutput, ARecordTellsOfItsArtifactsAndTheirBytesComeWhenTheyAreAskedFor) {
  start(redis_.url());
  const GenerationId id = client_.start(request("artifact"));
  const GenerationRecord record = client_.wait_for_end(id);
  ASSERT_EQ(record.artifacts.size(), 1U);
  EXPECT_EQ(record.artifacts[0].bytes, nullptr);
  EXPECT_EQ(record.artifacts[0].size(), 1'000U);
  const auto bytes = client_.load(record.artifacts[0]);
  ASSERT_TRUE(bytes) << bytes.error().message;
  EXPECT_EQ(**bytes, std::string(1'000, 'z'));
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(client_.record(id).artifacts.at(0).size(), 1'000U);
  EXPECT_EQ(client_.load(record.artifacts[0]).error().code, error_code::kArtifactGone);
}

TEST_F(LargeOutput, AStoreThatTakesNothingFailsTheGenerationAndPromisesNothing) {
  start(redis_.url());
  std::filesystem::remove_all(folder_);
  std::ofstream(folder_) << "in the way";
  for (const char* const model : {"large", "artifact"}) {
    const GenerationRecord record = client_.wait_for_end(client_.start(request(model)));
    ASSERT_EQ(record.state, GenerationState::kFailed) << model;
    EXPECT_EQ(record.error->code, error_code::kArtifactStoreFailed);
    EXPECT_TRUE(record.artifacts.empty());
  }
}

TEST_F(LargeOutput, ALongPieceOfTextTravelsInEventsOfABoundedSize) {
  start(redis_.url());
  const GenerationId id = client_.start(request("piece"));
  std::size_t bytes = 0;
  for (const GenerationEvent& event : client_.events(id)) {
    if (const auto* delta = std::get_if<event::Delta>(&event.payload)) {
      EXPECT_LE(delta->text.size(), 64U * 1024);
      bytes += delta->text.size();
    }
  }
  EXPECT_EQ(bytes, 300'000U);
}

TEST_F(LargeOutput, AHundredThousandDeltasPassAWatchThatDoesNotReadAndLeaveNoBacklogInRedis) {
  start(redis_.url());
  const GenerationId id = client_.start(request("tokens"));
  const auto slow = client_.watch(id);
  const GenerationRecord record = client_.wait_for_end(id);
  ASSERT_EQ(record.state, GenerationState::kSucceeded);
  EXPECT_EQ(record.text.size(), 600'000U);
  std::string text;
  while (!slow->ended()) {
    for (const auto& event : slow->read(64 * 1024)) {
      if (const auto* delta = std::get_if<event::Delta>(&event.payload)) text += delta->text;
    }
  }
  EXPECT_EQ(text, record.text);
  // Everything that the inbox had is read and deleted, and the log stays below 120 bytes an event.
  const auto inboxes = redis_({"KEYS", key("::gen:in:api*")});
  ASSERT_EQ(inboxes.elements.size(), 1U);
  EXPECT_TRUE(eventually([&] { return redis_({"XLEN", inboxes.elements[0].text}).integer <= 1; }));
  EXPECT_LT(record_bytes(id), 12'000'000);
  EXPECT_GT(redis_({"PTTL", key("::gen:r:") + id.to_string()}).integer, 0);
  EXPECT_GT(redis_({"PTTL", inboxes.elements[0].text}).integer, 0);
}

}  // namespace
}  // namespace shunt::testing
