#include "shunt/generation/event_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shunt/generation/message_parts.hpp"

namespace shunt::generation {
namespace {

const WallTime kAt{std::chrono::milliseconds(1'763'912'587'042)};

Artifact stored_artifact() {
  Artifact artifact{"audio.wav", "audio/wav", nullptr};
  artifact.sha256 = std::string(64, 'a');
  artifact.stored_size = 12;
  return artifact;
}

event::Delta delta_with_parts() {
  MessageParts parts;
  parts.reasoning = "hm \xC3\xA9";
  parts.tool_calls = {{.index = 0, .id = "call_1", .name = "f", .arguments = "{\"a\":1}"}};
  parts.logprobs.content = {JsonObject{{"token", "x"}, {"logprob", -0.25}}};
  parts.audio.bytes = std::string("\0\xFF", 2);
  parts.images = {{0, "data:,"}};
  return {"x", std::make_shared<const MessageParts>(std::move(parts))};
}

event::Delta thought() {
  MessageParts parts;
  parts.reasoning = "\"quoted\" \xC3\xA9";
  return {"", std::make_shared<const MessageParts>(std::move(parts))};
}

std::vector<GenerationEvent> every_event() {
  Error error{"upstream_failed", "it \"broke\" \xC3\xA9", Retryable::kYes};
  error = std::move(error).with("status", 503);
  event::Succeeded elsewhere;
  elsewhere.stored = event::StoredResult{std::string(64, 'b'), 900'000};
  std::vector<GenerationEvent::Payload> payloads;
  payloads.emplace_back(event::Queued{});
  payloads.emplace_back(event::Started{});
  payloads.emplace_back(event::Restarted{3});
  payloads.emplace_back(event::Progress{0.25, "a quarter"});
  payloads.emplace_back(event::Progress{1, ""});
  payloads.emplace_back(event::Delta{"line\n\t\"\\ \xF0\x9F\x9A\x82"});
  payloads.emplace_back(event::Log{"warn", "careful"});
  payloads.emplace_back(event::ArtifactReady{stored_artifact()});
  payloads.emplace_back(event::Succeeded{JsonObject{{"deep", JsonArray{1, "two", nullptr}}}});
  payloads.emplace_back(event::Succeeded{});
  payloads.emplace_back(std::move(elsewhere));
  payloads.emplace_back(event::Failed{std::move(error)});
  payloads.emplace_back(event::Cancelled{"enough"});
  payloads.emplace_back(delta_with_parts());
  payloads.emplace_back(thought());
  std::vector<GenerationEvent> events;
  for (auto& payload : payloads) events.push_back({events.size() + 1, kAt, std::move(payload)});
  return events;
}

TEST(EventCodec, EveryEventComesBackAsItWas) {
  const auto events = every_event();
  const std::string text = encode_events(events);
  const auto decoded = decode_events(text);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  ASSERT_EQ(decoded->size(), events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ((*decoded)[i].sequence, events[i].sequence);
    EXPECT_EQ((*decoded)[i].at, kAt);
    EXPECT_EQ((*decoded)[i].type(), events[i].type());
  }
  EXPECT_EQ(encode_events(*decoded), text);
  const auto& elsewhere = std::get<event::Succeeded>((*decoded)[10].payload);
  EXPECT_EQ(elsewhere.stored->size, 900'000U);
  EXPECT_EQ(std::get<event::ArtifactReady>((*decoded)[7].payload).artifact.size(), 12U);
  EXPECT_EQ(std::get<event::Failed>((*decoded)[11].payload).error.details.at("status"), 503);
}

TEST(EventCodec, MembersThatItDoesNotKnowAreNothingToIt) {
  const auto decoded = decode_events(
      R"([{"seq":2,"type":"log","at":"2025-11-23T15:43:07.042Z","level":"info","message":"x","colour":"green"}])");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<event::Log>((*decoded)[0].payload).message, "x");
}

// A later version says more: what this one does not know goes on as it came.
TEST(EventCodec, WhatADeltaSaysInALaterVersionIsPassedOn) {
  const std::string later =
      R"([{"seq":2,"type":"delta","at":"2025-11-23T15:43:07.042Z","text":"x","reasoning":"y","smell":{"of":["rain"]}}])";
  const auto decoded = decode_events(later);
  ASSERT_TRUE(decoded.ok());
  const auto& delta = std::get<event::Delta>((*decoded)[0].payload);
  EXPECT_EQ(delta.text, "x");
  EXPECT_EQ(delta.parts->reasoning, "y");
  EXPECT_EQ(encode_events(*decoded), later);
}

// What an API process of the version before needs: the text is always there.
TEST(EventCodec, ADeltaWithoutTextHasAnEmptyOne) {
  const std::vector<GenerationEvent> events{{2, kAt, thought()}};
  EXPECT_THAT(encode_events(events), ::testing::HasSubstr(R"("text":"","reasoning":)"));
}

// The short way for the usual events and the general one agree, whatever the text.
TEST(EventCodec, WhatIsReadTheShortWayIsReadAsByTheGeneralOne) {
  const char* const kTexts[] = {"plain", "", R"(quote \" slash \/ back \\ \b\f\n\r\t end)",
                                R"(\u00e9 \ud83d\ude82)", "\xF0\x9F\x9A\x82"};
  for (const char* text : kTexts) {
    const std::string members =
        std::string(R"("type":"delta","at":"2025-11-23T15:43:07.042Z","text":")") + text;
    // A blank keeps the general reader from being spared.
    const auto usual = decode_events(R"([{"seq":2,)" + members + "\"}]");
    const auto general = decode_events(R"([ {"seq":2,)" + members + "\"}]");
    ASSERT_TRUE(usual.ok() && general.ok()) << text;
    EXPECT_EQ(encode_events(*usual), encode_events(*general));
    const auto thoughts = decode_events(R"([{"seq":2,)" + members + R"(","reasoning":")" + text + "\"}]");
    const auto general_thoughts =
        decode_events(R"([ {"seq":2,)" + members + R"(","reasoning":")" + text + "\"}]");
    ASSERT_TRUE(thoughts.ok() && general_thoughts.ok()) << text;
    EXPECT_EQ(encode_events(*thoughts), encode_events(*general_thoughts));
  }
}

TEST(EventCodec, WhatIsWrongBehindUsualEventsIsFound) {
  const std::string started = R"({"seq":1,"type":"started","at":"2025-11-23T15:43:07.042Z"})";
  const std::string delta = R"({"seq":2,"type":"delta","at":"2025-11-23T15:43:07.042Z","text":)";
  ASSERT_TRUE(decode_events('[' + started + ',' + delta + "\"x\"}]").ok());
  for (const std::string& text :
       {'[' + started, '[' + started + ',', '[' + started + ",]", '[' + started + "]]",
        '[' + started + started + ']', '[' + started + ',' + delta + "\"x\"",
        '[' + started + ',' + delta + "\"x}]", '[' + started + ',' + delta + "\"\x01\"}]",
        '[' + started + ',' + delta + "\"\xC3\"}]", '[' + started + ',' + delta + R"("\q"}])",
        '[' + started + ',' + delta + "7}]",
        std::string(R"([{"seq":01,"type":"started","at":"2025-11-23T15:43:07.042Z"}])"),
        std::string(R"([{"seq":9007199254740993,"type":"started","at":"2025-11-23T15:43:07.042Z"}])"),
        std::string(R"([{"seq":1,"type":"started","at":"2025-13-23T15:43:07.042Z"}])")}) {
    EXPECT_FALSE(decode_events(text).ok()) << text;
  }
}

struct Malformed {
  std::string text;
  std::string complaint;
};

class MalformedEvents : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedEvents, AreRefusedByTheNameOfTheMember) {
  const auto decoded = decode_events(GetParam().text);
  ASSERT_FALSE(decoded.ok());
  EXPECT_THAT(decoded.error().message, ::testing::HasSubstr(GetParam().complaint));
}

std::string with(const std::string& members) {
  return R"([{"seq":2,"at":"2025-11-23T15:43:07.042Z",)" + members + "}]";
}

INSTANTIATE_TEST_SUITE_P(
    , MalformedEvents,
    ::testing::Values(
        Malformed{"", ""}, Malformed{"{}", "a JSON array"}, Malformed{"[7]", "a JSON object"},
        Malformed{R"([{"type":"queued","at":"2025-11-23T15:43:07.042Z"}])", "\"seq\""},
        Malformed{R"([{"seq":-1,"type":"queued","at":"2025-11-23T15:43:07.042Z"}])", "\"seq\""},
        Malformed{R"([{"seq":1,"type":"queued","at":"yesterday"}])", "\"at\""},
        Malformed{R"([{"seq":1,"type":"queued"}])", "\"at\""},
        Malformed{with(R"("type":"sung")"), "\"type\""}, Malformed{with(R"("type":7)"), "\"type\""},
        Malformed{with(R"("type":"restarted")"), "\"attempt\""},
        Malformed{with(R"("type":"progress","fraction":"half")"), "\"fraction\""},
        Malformed{with(R"("type":"progress","fraction":0.5,"message":7)"), "\"message\""},
        Malformed{with(R"("type":"delta")"), "\"text\""},
        Malformed{with(R"("type":"delta","text":"","reasoning":7)"), "\"reasoning\""},
        Malformed{with(R"("type":"delta","text":"","tool_calls":[{"index":0,"id":7}])"), "\"tool_calls\""},
        Malformed{with(R"("type":"delta","text":"","tool_calls":[{"index":4096}])"), "\"tool_calls\""},
        Malformed{with(R"("type":"delta","text":"","logprobs":[])"), "\"logprobs\""},
        Malformed{with(R"("type":"delta","text":"","audio":{"data":"!"})"), "\"audio\""},
        Malformed{with(R"("type":"delta","text":"","images":[{"url":"x"}])"), "\"images\""},
        Malformed{with(R"("type":"log","level":"info")"), "\"message\""},
        Malformed{with(R"("type":"log","message":"x")"), "\"level\""},
        Malformed{with(R"("type":"artifact","media_type":"a/b","size":1)"), "\"name\""},
        Malformed{with(R"("type":"artifact","name":"a","size":1)"), "\"media_type\""},
        Malformed{with(R"("type":"artifact","name":"a","media_type":"a/b")"), "\"size\""},
        Malformed{with(R"("type":"artifact","name":"a","media_type":"a/b","size":1,"sha256":7)"),
                  "\"sha256\""},
        Malformed{with(R"("type":"artifact","name":"../x","media_type":"a/b","size":1)"), "\"name\""},
        Malformed{with(R"("type":"artifact","name":"a","media_type":"wav","size":1)"), "\"media_type\""},
        Malformed{with(R"("type":"artifact","name":"a","media_type":"a/b\r\nX: y","size":1)"),
                  "\"media_type\""},
        Malformed{with(R"("type":"artifact","name":"a","media_type":"a/b","size":-1)"), "\"size\""},
        Malformed{with(R"("type":"artifact","name":"a","media_type":"a/b","size":1,"sha256":"../x")"),
                  "\"sha256\""},
        Malformed{R"([{"seq":0,"type":"started","at":"2025-11-23T15:43:07.042Z"}])", "\"seq\""},
        Malformed{with(R"("type":"log","message":"x","level":"0123456789012345678901234567890123")"),
                  "\"level\""},
        Malformed{with(R"("type":"succeeded","stored":{"sha256":"x","size":1})"), "\"stored\""},
        Malformed{with(R"("type":"succeeded","stored":7)"), "\"stored\""},
        Malformed{with(R"("type":"succeeded","stored":{"sha256":"x"})"), "\"stored\""},
        Malformed{with(R"("type":"failed")"), "\"error\""},
        Malformed{with(R"("type":"failed","error":{"code":"x"})"), "\"error\""},
        Malformed{with(R"("type":"cancelled")"), "\"reason\""}));

TEST(EventCodec, ACodeThatCannotBeOneIsAGeneratorsFailure) {
  for (const std::string& code :
       {std::string(), std::string("Bad Code"), std::string("9lives"), std::string(65, 'a')}) {
    const auto decoded =
        decode_events(with(R"("type":"failed","error":{"code":")" + code + R"(","message":"m"})"));
    ASSERT_TRUE(decoded.ok()) << code;
    const auto& failed = std::get<event::Failed>(decoded->at(0).payload);
    EXPECT_EQ(failed.error.code, "generator_failed") << code;
    EXPECT_EQ(failed.error.message, "m");
  }
}

// What outlives the text lies in memory of its own: that of a document is one piece, and is shared by all
// threads that have a part of it.
TEST(EventCodec, NothingThatIsKeptLiesInTheMemoryOfItsDocument) {
  const auto events = decode_events(
      R"([{"seq": 1, "at": "2026-11-23T15:43:07.042Z", "type": "failed", "error":)"
      R"( {"code": "generator_failed", "message": "m", "details": {"a": {"b": ["c"]}}}},)"
      R"( {"seq": 2, "at": "2026-11-23T15:43:07.042Z", "type": "succeeded", "result": {"a": ["b"]}},)"
      R"( {"seq": 3, "at": "2026-11-23T15:43:07.042Z", "type": "delta", "text": "", "later": {"a": ["b"]},)"
      R"( "logprobs": {"content": [["c"]]}, "tool_calls": [{"index": 0, "extra": {"a": ["b"]}}]}])");
  ASSERT_TRUE(events.ok()) << events.error().message;
  const boost::json::storage_ptr own;
  const JsonObject& details = std::get<event::Failed>((*events)[0].payload).error.details;
  EXPECT_EQ(*details.storage(), *own);
  EXPECT_EQ(*details.at("a").storage(), *own);
  EXPECT_EQ(*std::get<event::Succeeded>((*events)[1].payload).result.storage(), *own);
  const MessageParts& parts = *std::get<event::Delta>((*events)[2].payload).parts;
  EXPECT_EQ(*parts.others.at("later").storage(), *own);
  EXPECT_EQ(*parts.logprobs.content.at(0).storage(), *own);
  EXPECT_EQ(*parts.tool_calls.at(0).extra.at("a").storage(), *own);
}

TEST(EventCodec, AFractionIsFromNothingToAll) {
  const auto decoded = decode_events(with(R"("type":"progress","fraction":1e300)"));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(std::get<event::Progress>(decoded->at(0).payload).fraction, 1);
}

}  // namespace
}  // namespace shunt::generation
