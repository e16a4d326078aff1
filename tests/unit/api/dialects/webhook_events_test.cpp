#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialects/default_webhook.hpp"
#include "dialects/openai/responses/response_webhook.hpp"
#include "shunt/api/webhook_forms.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::api {
namespace {

constexpr const char* kUrl = "https://example.com/hook";

GenerationRecord given_end(GenerationState state, const char* result = "null") {
  GenerationRecord record;
  record.id = *GenerationId::parse("gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6");
  record.state = state;
  record.finished_at = WallTime(std::chrono::milliseconds(1'700'000'001'999));
  record.result = *parse_json(result);
  return record;
}

TEST(ResponseWebhook, EachEndHasItsName) {
  struct {
    GenerationState state;
    const char* result;
    const char* name;
  } const ends[] = {{GenerationState::kSucceeded, "null", "response.completed"},
                    {GenerationState::kSucceeded, R"({"finish_reason":"stop"})", "response.completed"},
                    {GenerationState::kSucceeded, R"({"finish_reason":"length"})", "response.incomplete"},
                    {GenerationState::kFailed, "null", "response.failed"},
                    {GenerationState::kCancelled, "null", "response.cancelled"}};
  for (const auto& end : ends) {
    const GenerationRecord record = given_end(end.state, end.result);
    EXPECT_EQ(dialects::openai::response_event(record), end.name);
    EXPECT_TRUE(is_webhook_event(end.name));
  }
}

TEST(ResponseWebhook, TheBodyIsAsOpenAIHasIt) {
  EXPECT_EQ(dialects::openai::response_event_body(given_end(GenerationState::kSucceeded)),
            R"({"id":"evt_019abc3f5c2a7d1e8f00a1b2c3d4e5f6","object":"event","created_at":1700000001,)"
            R"("type":"response.completed","data":{"id":"resp_gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6"}})");
}

TEST(DefaultWebhook, NamesThatNobodyTellsAreNoEvents) {
  for (const char* name : {"", "response.", "response.queued", "batch.in_progress", "batch.",
                           "generation.started", "Response.completed"})
    EXPECT_FALSE(is_webhook_event(name)) << name;
}

TEST(DefaultWebhook, ResponsesAreToldInTheirFormWhereItsEventsAreListed) {
  const std::vector<std::string> events{"generation.failed", "response.incomplete", "response.cancelled"};
  const auto response = default_webhook({kUrl, events}, "openai");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->form, "openai");
  EXPECT_EQ(response->end_names, (std::vector<std::string>{"response.incomplete", "response.cancelled"}));
  EXPECT_EQ(response->events.names(),
            (std::vector<std::string>{"generation.succeeded", "generation.cancelled"}));
  const auto other = default_webhook({kUrl, events}, "");
  ASSERT_TRUE(other);
  EXPECT_EQ(other->form, "");
  EXPECT_EQ(other->events.names(), std::vector<std::string>{"generation.failed"});
}

TEST(DefaultWebhook, WithoutNamesAllEndsAreToldInOurForm) {
  for (const char* form : {"", "openai", "replicate"}) {
    const auto webhook = default_webhook({kUrl, {}}, form);
    ASSERT_TRUE(webhook);
    EXPECT_EQ(webhook->form, "");
    EXPECT_EQ(webhook->events.names().size(), 3U);
  }
}

TEST(DefaultWebhook, TellsNothingOfCallsThatNoListedEventIsOf) {
  EXPECT_FALSE(default_webhook({kUrl, {"response.completed"}}, ""));
  EXPECT_FALSE(default_webhook({kUrl, {"response.completed"}}, "replicate"));
  EXPECT_FALSE(default_webhook({"", {}}, "openai"));
}

}  // namespace
}  // namespace shunt::api
