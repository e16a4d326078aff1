#include "store/stored_forms.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace shunt::webhooks {
namespace {

const GenerationId kGeneration = *GenerationId::parse("gen_019abc3f5c2a7d1e8f00a1b2c3d4e5f6");

TEST(StoredForms, AHookComesBack) {
  Hook hook{.generation = kGeneration,
            .caller = "key:a",
            .webhook = {.url = "https://example.com/", .events = *EventFilter::of({"generation.failed"})}};
  const auto back = decode_hook(kGeneration, encode_hook(hook));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->caller, hook.caller);
  EXPECT_EQ(back->webhook.url, hook.webhook.url);
  EXPECT_EQ(back->webhook.events, hook.webhook.events);
}

TEST(StoredForms, TheNamesOfAFormComeBack) {
  Hook hook{.generation = kGeneration,
            .caller = "",
            .webhook = {.url = "https://example.com/",
                        .events = *EventFilter::of({"generation.failed"}),
                        .form = "openai",
                        .end_names = {"response.failed", "response.later"}}};
  const auto back = decode_hook(kGeneration, encode_hook(hook));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->webhook.form, "openai");
  EXPECT_EQ(back->webhook.end_names, hook.webhook.end_names);
  for (const char* names : {"7", "{}", "[7]", "null"}) {
    const std::string text =
        R"({"url":"https://e.com/","caller":"","events":["generation.failed"],"end_names":)" +
        std::string(names) + "}";
    EXPECT_FALSE(decode_hook(kGeneration, text)) << names;
  }
}

TEST(StoredForms, AHookOfALaterVersionIsReadAsFarAsItIsKnown) {
  const auto hook = decode_hook(
      kGeneration,
      R"({"url":"https://e.com/","caller":"","events":["generation.started","generation.failed"],"new":1})");
  ASSERT_TRUE(hook);
  EXPECT_EQ(hook->webhook.events.names(), std::vector<std::string>{"generation.failed"});
}

TEST(StoredForms, WhatIsMalformedIsRefused) {
  for (const char* text : {"", "1", "{}", R"({"url":"https://e.com/","caller":""})",
                           R"({"url":"","caller":"","events":["generation.failed"]})",
                           R"({"url":1,"caller":"","events":["generation.failed"]})",
                           R"({"url":"https://e.com/","caller":"","events":{}})",
                           R"({"url":"https://e.com/","caller":"","events":["generation.started"]})"}) {
    const auto hook = decode_hook(kGeneration, text);
    ASSERT_FALSE(hook) << text;
    EXPECT_EQ(hook.error().code, "broken_record");
  }
}

TEST(StoredForms, AMessageComesBack) {
  const Message message{.id = "msg_019abc",
                        .type = "generation.succeeded",
                        .generation = "gen_1",
                        .caller = "",
                        .url = "https://example.com/",
                        .body = R"({"a":"ä"})"};
  const auto back = decode_message(message.id, message.type, encode_message(message));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->body, message.body);
  EXPECT_EQ(back->url, message.url);
}

TEST(StoredForms, AnIdThatWouldBreakAHeaderIsRefused) {
  const std::string data = encode_message(
      {.id = {}, .type = {}, .generation = {}, .caller = {}, .url = "https://e.com/", .body = {}});
  for (const char* id : {"", "1", "gen_1", "msg_a\r\nX: 1", "msg_a.b"})
    EXPECT_FALSE(decode_message(id, "t", data)) << id;
  EXPECT_TRUE(decode_message("msg_1", "t", data));
}

TEST(StoredForms, AnAttemptComesBack) {
  Attempt attempt;
  attempt.at = WallTime(std::chrono::milliseconds(1'700'000'000'000));
  attempt.took = std::chrono::milliseconds(12);
  attempt.status = 429;
  attempt.retry_after = std::chrono::seconds(3);
  const auto back = decode_attempt(encode_attempt(attempt));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->at, attempt.at);
  EXPECT_EQ(back->status, 429);
  EXPECT_EQ(back->retry_after, attempt.retry_after);
  EXPECT_FALSE(decode_attempt(R"({"at":1,"took_ms":1,"status":70000})"));
}

}  // namespace
}  // namespace shunt::webhooks
