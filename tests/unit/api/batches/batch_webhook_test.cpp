#include "batches/batch_webhook.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialects/openai/batch_events.hpp"
#include "shunt/api/webhook_forms.hpp"

namespace shunt::api::batches {
namespace {

Batch given_batch(BatchStatus status) {
  Batch batch;
  batch.id = "batch_" + std::string(32, 'a');
  batch.caller = "key:ann";
  batch.status = status;
  if (is_ended(status)) batch.ended_at = WallTime(std::chrono::milliseconds(1'700'000'001'999));
  return batch;
}

WebhookPlace given_place() {
  const auto& events = dialects::openai::kBatchEvents;
  return {"https://example.com/hook", {events.begin(), events.end()}};
}

TEST(BatchWebhook, EachEndHasItsNameAndNothingElseHasOne) {
  struct {
    BatchStatus status;
    const char* name;
  } const ends[] = {{BatchStatus::kCompleted, "batch.completed"},
                    {BatchStatus::kFailed, "batch.failed"},
                    {BatchStatus::kExpired, "batch.expired"},
                    {BatchStatus::kCancelled, "batch.cancelled"}};
  for (const auto& end : ends) {
    const auto message = end_message(given_batch(end.status), given_place());
    ASSERT_TRUE(message) << end.name;
    EXPECT_EQ(message->type, end.name);
    EXPECT_TRUE(is_webhook_event(end.name));
  }
  for (const auto status : {BatchStatus::kValidating, BatchStatus::kInProgress, BatchStatus::kFinalizing,
                            BatchStatus::kCancelling})
    EXPECT_FALSE(end_message(given_batch(status), given_place())) << status_name(status);
}

TEST(BatchWebhook, TheMessageIsAsOpenAIHasItAndTheSameEachTimeItIsMade) {
  const Batch batch = given_batch(BatchStatus::kCompleted);
  const auto message = end_message(batch, given_place());
  ASSERT_TRUE(message);
  const std::string id = "batch_" + std::string(32, 'a');
  EXPECT_EQ(message->body, R"({"id":"evt_)" + id +
                               R"(","object":"event","created_at":1700000001,"type":"batch.completed",)"
                               R"("data":{"id":")" +
                               id + R"("}})");
  EXPECT_EQ(message->id, "msg_" + id);
  EXPECT_EQ(message->caller, "key:ann");
  EXPECT_EQ(message->url, "https://example.com/hook");
  EXPECT_EQ(end_message(batch, given_place())->body, message->body);
}

TEST(BatchWebhook, APlaceThatDoesNotListTheEndIsToldNothing) {
  const Batch batch = given_batch(BatchStatus::kCompleted);
  EXPECT_FALSE(end_message(batch, {}));
  EXPECT_FALSE(end_message(batch, {"", {"batch.completed"}}));
  EXPECT_FALSE(end_message(batch, {"https://example.com/hook", {}})) << "no names: ends of generations";
  EXPECT_FALSE(end_message(batch, {"https://example.com/hook", {"batch.failed", "response.completed"}}));
}

TEST(WebhookPlace, IsTheKeysOwnOrElseTheServices) {
  webhooks::WebhookOptions service;
  service.url = "https://example.com/all";
  service.events = {"batch.failed"};
  ApiKey key;
  EXPECT_EQ(webhook_place(nullptr, service).url, "https://example.com/all");
  EXPECT_EQ(webhook_place(&key, service).url, "https://example.com/all");
  key.webhook_url = "https://example.com/ann";
  EXPECT_EQ(webhook_place(&key, service).url, "https://example.com/ann");
  EXPECT_TRUE(webhook_place(&key, service).events.empty()) << "nothing of another's is mixed in";
}

}  // namespace
}  // namespace shunt::api::batches
