#include "payload.hpp"

#include <gtest/gtest.h>

#include "shunt/base/json_members.hpp"

namespace shunt::webhooks {
namespace {

constexpr const char* kGeneration = "gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6";
const PayloadRules kRules{.max_bytes = 4096, .public_url = "https://shunt.example.com"};

GenerationRecord given_record(GenerationState state) {
  GenerationRecord record;
  record.id = *GenerationId::parse(kGeneration);
  record.model = "speech";
  record.caller = "key:a";
  record.state = state;
  record.created_at = WallTime(std::chrono::milliseconds(1'700'000'000'000));
  record.finished_at = WallTime(std::chrono::milliseconds(1'700'000'001'000));
  return record;
}

Hook given_hook() {
  return {.generation = *GenerationId::parse(kGeneration),
          .caller = "key:a",
          .webhook = {.url = "https://example.com/", .events = {}}};
}

JsonObject body_of(const Message& message) {
  return parse_json(message.body)->get_object();
}

TEST(Payload, TellsTheRecordAndWhereItIs) {
  GenerationRecord record = given_record(GenerationState::kSucceeded);
  record.text = "hello";
  const auto message = message_of(given_hook(), record, kRules);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->id, "msg_019abc3f5c2a7d1e8f00a1b2c3d4e5f6");
  const JsonObject body = body_of(*message);
  EXPECT_EQ(body.at("type"), "generation.succeeded");
  EXPECT_EQ(body.at("timestamp"), "2023-11-14T22:13:21.000Z");
  const JsonObject& data = body.at("data").get_object();
  EXPECT_EQ(data.at("id"), kGeneration);
  EXPECT_EQ(data.at("output").get_object().at("text"), "hello");
  EXPECT_EQ(text_in(data.at("links").get_object(), "self"),
            std::string("https://shunt.example.com/v1/generations/") + kGeneration);
  EXPECT_FALSE(data.contains("caller"));
}

TEST(Payload, LeavesALargeOutputWhereItIs) {
  GenerationRecord record = given_record(GenerationState::kSucceeded);
  record.metadata = {{"order", 7}};
  // Over the limit as it is, and only once it is escaped.
  for (const std::string& text : {std::string(5000, 'a'), std::string(4000, '\n')}) {
    record.text = text;
    const auto message = message_of(given_hook(), record, kRules);
    ASSERT_TRUE(message);
    EXPECT_LE(message->body.size(), kRules.max_bytes);
    const JsonObject data = body_of(*message).at("data").get_object();
    EXPECT_EQ(data.at("output_omitted"), true);
    EXPECT_EQ(data.at("metadata").get_object().at("order"), 7);
  }
}

TEST(Payload, IsBoundedWhateverTheRecordHas) {
  GenerationRecord record = given_record(GenerationState::kFailed);
  record.metadata = {{"a", std::string(16'000, 'a')}};
  record.error = Error{"generator_failed", std::string(8'000, 'e')}.with("more", std::string(8'000, 'm'));
  const auto message = message_of(given_hook(), record, kRules);
  ASSERT_TRUE(message);
  EXPECT_LE(message->body.size(), kRules.max_bytes);
  EXPECT_EQ(body_of(*message).at("data").get_object().at("error").get_object().at("code"),
            "generator_failed");
}

TEST(Payload, IsOnlyOfEndsThatWereAskedFor) {
  Hook hook = given_hook();
  hook.webhook.events = *EventFilter::of({"generation.failed"});
  EXPECT_FALSE(message_of(hook, given_record(GenerationState::kSucceeded), kRules));
  EXPECT_FALSE(message_of(hook, given_record(GenerationState::kRunning), kRules));
  EXPECT_TRUE(message_of(hook, given_record(GenerationState::kFailed), kRules));
}

TEST(Payload, AFormMayNameItsEndsAndIsToldWhichAreWanted) {
  const BodyForm form{
      .body = [](const Told& told) { return "[" + told.record.id.to_string() + "]"; },
      .end_name =
          [](const GenerationRecord& record) { return std::string(record.text.empty() ? "empty" : "full"); }};
  PayloadRules rules = kRules;
  rules.form = &form;
  GenerationRecord record = given_record(GenerationState::kSucceeded);
  Hook hook = given_hook();
  ASSERT_TRUE(message_of(hook, record, rules));
  EXPECT_EQ(message_of(hook, record, rules)->type, "empty");
  hook.webhook.end_names = {"full"};
  EXPECT_FALSE(message_of(hook, record, rules));
  record.text = "x";
  EXPECT_EQ(message_of(hook, record, rules)->type, "full");
  hook.webhook.events = EventFilter::none();
  EXPECT_FALSE(message_of(hook, record, rules));
}

TEST(Payload, NewsOfAGenerationHaveIdsOfTheirOwnAndAreBounded) {
  const BodyForm form{.body = [](const Told& told) { return told.record.text + std::string(told.logs); }};
  PayloadRules rules = kRules;
  rules.form = &form;
  GenerationRecord record = given_record(GenerationState::kRunning);
  record.text = "so far";
  const Message message = news_of(given_hook(), {.record = record, .logs = "!"}, rules, "output", 2);
  EXPECT_EQ(message.id, "msg_019abc3f5c2a7d1e8f00a1b2c3d4e5f6_2");
  EXPECT_EQ(message.body, "so far!");
  record.text.assign(100'000, 'x');
  EXPECT_LE(news_of(given_hook(), {.record = record, .logs = "!"}, rules, "output", 3).body.size(),
            rules.max_bytes);
}

}  // namespace
}  // namespace shunt::webhooks
