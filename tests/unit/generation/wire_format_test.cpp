#include <gtest/gtest.h>

#include "shunt/generation/generation_record.hpp"

namespace shunt::generation {
namespace {

const WallTime kTime{std::chrono::milliseconds(1'700'000'000'042)};

std::string event_text(GenerationEvent::Payload payload) {
  std::string out;
  append_event_json(out, {3, kTime, std::move(payload)});
  EXPECT_TRUE(parse_json(out).ok()) << out;
  return out.substr(0, 8) == R"({"seq":3)" ? out.substr(9, out.size() - 10) : out;
}

TEST(EventJson, HasOneFormForEachType) {
  const std::string at = R"(,"at":"2023-11-14T22:13:20.042Z")";
  EXPECT_EQ(event_text(event::Queued{}), R"("type":"queued")" + at);
  EXPECT_EQ(event_text(event::Started{}), R"("type":"started")" + at);
  EXPECT_EQ(event_text(event::Progress{0.5, ""}), R"("type":"progress")" + at + R"(,"fraction":0.5)");
  EXPECT_EQ(event_text(event::Delta{"a\"b"}), R"("type":"delta")" + at + R"(,"text":"a\"b")");
  EXPECT_EQ(event_text(event::Log{"warn", "x"}), R"("type":"log")" + at + R"(,"level":"warn","message":"x")");
  EXPECT_EQ(
      event_text(event::ArtifactReady{{"a.wav", "audio/wav", std::make_shared<const std::string>("12")}}),
      R"("type":"artifact")" + at + R"(,"name":"a.wav","media_type":"audio/wav","size":2)");
  EXPECT_EQ(event_text(event::Succeeded{nullptr}), R"("type":"succeeded")" + at);
  EXPECT_EQ(event_text(event::Succeeded{JsonArray{1}}), R"("type":"succeeded")" + at + R"(,"result":[1])");
  EXPECT_EQ(event_text(event::Failed{{"c", "m", Retryable::kYes}}),
            R"("type":"failed")" + at + R"(,"error":{"code":"c","message":"m","retryable":true})");
  EXPECT_EQ(event_text(event::Cancelled{"why"}), R"("type":"cancelled")" + at + R"(,"reason":"why")");
}

TEST(RecordJson, LeavesOutWhatIsNotThereAndNeverShowsTheCaller) {
  GenerationRecord record;
  record.id = *GenerationId::parse("gen_0190a0b0c0d070008000000000000001");
  record.model = "m";
  record.caller = "key:secret-name";
  record.created_at = kTime;
  std::string out;
  append_record_json(out, record);
  EXPECT_EQ(out, R"({"id":"gen_0190a0b0c0d070008000000000000001","model":"m","state":"queued",)"
                 R"("created_at":"2023-11-14T22:13:20.042Z"})");
}

TEST(RecordJson, TellsTheWholeOutput) {
  GenerationRecord record;
  record.id = *GenerationId::parse("gen_0190a0b0c0d070008000000000000001");
  record.state = GenerationState::kSucceeded;
  record.text = "hi";
  record.result = JsonObject{{"n", 1}};
  record.artifacts = {{"a.wav", "audio/wav", std::make_shared<const std::string>("12")}};
  record.metadata = {{"order", 7}};
  std::string out;
  append_record_json(out, record);
  const auto read = parse_json(out);
  ASSERT_TRUE(read.ok()) << out;
  EXPECT_EQ(to_json_text(read->at("output")),
            R"({"text":"hi","result":{"n":1},"artifacts":[{"name":"a.wav","media_type":"audio/wav","size":2,)"
            R"("url":"/v1/generations/gen_0190a0b0c0d070008000000000000001/artifacts/a.wav"}]})");
  EXPECT_EQ(read->at("metadata").at("order"), 7);
}

TEST(GenerationState, NamesReadBack) {
  for (const auto state : {GenerationState::kQueued, GenerationState::kRunning, GenerationState::kSucceeded,
                           GenerationState::kFailed, GenerationState::kCancelled}) {
    EXPECT_EQ(parse_generation_state(to_string(state)), state);
  }
  EXPECT_FALSE(parse_generation_state("done").has_value());
}

}  // namespace
}  // namespace shunt::generation
