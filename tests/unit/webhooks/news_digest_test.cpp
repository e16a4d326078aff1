#include "news_digest.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shunt::webhooks {
namespace {

using std::chrono::milliseconds;

const SteadyTime kNow{milliseconds(10'000)};
constexpr News kAll{.start = true, .output = true, .logs = true};

GenerationEvent event_with(GenerationEvent::Payload payload) {
  return {.sequence = 1, .at = {}, .payload = std::move(payload)};
}

TEST(NewsDigest, TheStartIsToldAtOnceAndOnlyOnce) {
  NewsDigest digest(kAll);
  EXPECT_FALSE(digest.next_at());
  digest.take(event_with(event::Started{}));
  ASSERT_TRUE(digest.next_at());
  EXPECT_LE(*digest.next_at(), kNow);
  EXPECT_EQ(digest.begin(kNow), "start");
  digest.take(event_with(event::Restarted{}));
  EXPECT_FALSE(digest.next_at());
}

TEST(NewsDigest, OutputAndLogsShareAMessageEveryHalfSecond) {
  NewsDigest digest(kAll);
  digest.take(event_with(event::Delta{.text = "a"}));
  EXPECT_LE(*digest.next_at(), kNow);
  EXPECT_EQ(digest.begin(kNow), "output");
  digest.take(event_with(event::Log{.level = "info", .message = "x"}));
  digest.take(event_with(event::ArtifactReady{}));
  EXPECT_EQ(*digest.next_at(), kNow + milliseconds(500));
  EXPECT_EQ(digest.begin(kNow + milliseconds(500)), "output");
  EXPECT_FALSE(digest.next_at());
}

TEST(NewsDigest, TheStartDoesNotWaitForThePause) {
  NewsDigest digest(kAll);
  digest.take(event_with(event::Log{.level = "info", .message = "x"}));
  EXPECT_EQ(digest.begin(kNow), "logs");
  digest.take(event_with(event::Started{}));
  EXPECT_LE(*digest.next_at(), kNow);
}

TEST(NewsDigest, WhatNobodyAskedForIsNotTold) {
  NewsDigest digest({.start = false, .output = false, .logs = true});
  digest.take(event_with(event::Started{}));
  digest.take(event_with(event::Delta{.text = "a"}));
  digest.take(event_with(event::Progress{.fraction = 1, .message = {}}));
  digest.take(event_with(event::Succeeded{}));
  EXPECT_FALSE(digest.next_at());
  NewsDigest output({.start = false, .output = true, .logs = false});
  output.take(event_with(event::Delta{}));  // says nothing as text
  EXPECT_FALSE(output.next_at());
}

TEST(NewsDigest, WhatWasNotSentWaitsForItsEndpoint) {
  NewsDigest digest(kAll);
  digest.take(event_with(event::Started{}));
  const std::string_view type = digest.begin(kNow);
  digest.put_back(type, kNow + milliseconds(700));
  digest.take(event_with(event::Delta{.text = "a"}));
  EXPECT_EQ(*digest.next_at(), kNow + milliseconds(700));
  EXPECT_EQ(digest.begin(kNow + milliseconds(700)), "start");
  EXPECT_EQ(digest.begin(kNow + milliseconds(700)), "output");
}

}  // namespace
}  // namespace shunt::webhooks
