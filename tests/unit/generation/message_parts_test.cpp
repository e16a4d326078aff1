#include "shunt/generation/message_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "shunt/generation/event_codec.hpp"

namespace shunt::generation {
namespace {

std::string text_of(const MessageParts& parts) {
  std::string text;
  JsonObjectWriter object(text);
  write_parts(object, parts);
  object.close();
  return text;
}

MessageParts parts_of(const std::string& text) {
  auto delta = decode_delta(parse_json(text).value());
  EXPECT_TRUE(delta.ok()) << delta.error().message;
  return delta.ok() && delta->parts ? *delta->parts : MessageParts{};
}

MessageParts whole_of(const std::vector<MessageParts>& pieces) {
  MessageParts whole;
  for (const MessageParts& piece : pieces) append_parts(whole, piece);
  return whole;
}

constexpr const char* kEverything =
    R"({"reasoning":"Let me see \u00e9","refusal":"No.","tool_calls":[)"
    R"({"index":0,"id":"call_1","name":"weather","arguments":"{\"city\":\"Paris\"}","extra":{"signature":"abc"}},)"
    R"({"index":1,"id":"call_2","type":"custom","name":"run","arguments":"print 1"}],)"
    R"("logprobs":{"content":[{"token":"a","logprob":-0.5},{"token":"b","logprob":-1}],"refusal":[{"token":"N"}]},)"
    R"("audio":{"id":"audio_1","format":"pcm16","data":"AAECAwQ=","transcript":"hello","expires_at":1763912587},)"
    R"("images":[{"index":0,"url":"data:image/png;base64,AAAA"}]})";

TEST(MessageParts, WhatIsReadIsWrittenAsItWas) {
  const MessageParts parts = parts_of(kEverything);
  EXPECT_EQ(parse_json(text_of(parts)).value(), parse_json(kEverything).value());
  EXPECT_EQ(parts.audio.bytes, std::string("\0\1\2\3\4", 5));
  EXPECT_FALSE(parts.empty());
  EXPECT_TRUE(MessageParts{}.empty());
}

TEST(MessageParts, PiecesPutTogetherAreTheWhole) {
  const MessageParts whole = whole_of({
      parts_of(R"({"reasoning":"Let "})"),
      parts_of(R"({"reasoning":"me","tool_calls":[{"index":0,"id":"a","name":"f"}]})"),
      parts_of(R"({"tool_calls":[{"index":1,"id":"b","name":"g","arguments":"{"}]})"),
      parts_of(R"({"tool_calls":[{"index":0,"arguments":"{\"x\":"},{"index":1,"arguments":"}"}]})"),
      parts_of(R"({"tool_calls":[{"index":0,"name":"f","arguments":"1}"}]})"),
      parts_of(R"({"logprobs":{"content":[1]}})"),
      parts_of(R"({"logprobs":{"content":[2]}})"),
      parts_of(R"({"audio":{"id":"x","data":"AA=="}})"),
      parts_of(R"({"audio":{"data":"AQI=","transcript":"h"}})"),
      parts_of(R"({"images":[{"index":0,"url":"data:"}]})"),
      parts_of(R"({"images":[{"index":0,"url":"image/png"}]})"),
  });
  EXPECT_EQ(text_of(whole),
            R"({"reasoning":"Let me","tool_calls":[{"index":0,"id":"a","name":"f","arguments":"{\"x\":1}"},)"
            R"({"index":1,"id":"b","name":"g","arguments":"{}"}],"logprobs":{"content":[1,2]},)"
            R"("audio":{"id":"x","data":"AAEC","transcript":"h"},)"
            R"("images":[{"index":0,"url":"data:image/png"}]})");
}

TEST(MessageParts, WhatHasGrownIsThePieceThatMakesTheWhole) {
  const MessageParts whole = parts_of(kEverything);
  const MessageParts known = parts_of(
      R"({"reasoning":"Let me","tool_calls":[{"index":0,"id":"call_1","name":"weather","arguments":"{"}],)"
      R"("logprobs":{"content":[{"token":"a","logprob":-0.5}]},"audio":{"id":"audio_1","data":"AA=="}})");
  const auto growth = growth_of(known, whole);
  ASSERT_TRUE(growth);
  EXPECT_EQ(growth->reasoning, " see \xC3\xA9");
  MessageParts joined = known;
  append_parts(joined, *growth);
  EXPECT_EQ(text_of(joined), text_of(whole));
  EXPECT_TRUE(growth_of(whole, whole)->empty());
  EXPECT_TRUE(growth_of(whole, MessageParts{})->empty()) << "what is not told again is as it was";
  EXPECT_FALSE(growth_of(whole, parts_of(R"({"reasoning":"I see"})")));
  EXPECT_FALSE(growth_of(whole, parts_of(R"({"tool_calls":[{"index":0,"arguments":"[]"}]})")));
  EXPECT_FALSE(growth_of(whole, parts_of(R"({"logprobs":{"content":[7]}})")));
}

// Whatever the bound, nothing is lost, and no character is cut.
TEST(MessageParts, ASplitPieceSaysTheSame) {
  MessageParts parts = parts_of(kEverything);
  for (int i = 0; i < 50; ++i) parts.reasoning += "\xF0\x9F\x9A\x82\xC3\xA9";
  parts.audio.bytes.append(1000, '\x7F');
  for (const std::size_t most : {4U, 5U, 7U, 64U, 100'000U}) {
    const auto pieces = split_parts(parts, most);
    EXPECT_EQ(text_of(whole_of(pieces)), text_of(parts)) << most;
    for (const MessageParts& piece : pieces) {
      EXPECT_TRUE(is_valid_utf8(piece.reasoning));
      EXPECT_LE(piece.reasoning.size() + piece.audio.bytes.size(), most);
    }
  }
}

TEST(MessageParts, WhatCountsGrowsWithWhatIsSaid) {
  MessageParts parts;
  EXPECT_EQ(said_bytes(parts), 0U);
  parts.reasoning = "1234";
  EXPECT_EQ(said_bytes(parts), 4U);
  parts.logprobs.content = {JsonObject{{"token", "a"}}};
  EXPECT_EQ(said_bytes(parts), 4U + std::string(R"([{"token":"a"}])").size());
  EXPECT_GE(parts_memory(parts), said_bytes(parts));
}

struct Wrong {
  std::string delta;
  std::string complaint;
};

class WrongDeltas : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongDeltas, AreRefusedByTheNameOfTheMember) {
  const auto delta = decode_delta(parse_json(GetParam().delta).value());
  ASSERT_FALSE(delta.ok());
  EXPECT_EQ(delta.error().code, "invalid_output");
  EXPECT_THAT(delta.error().message, ::testing::HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    , WrongDeltas,
    ::testing::Values(
        Wrong{"[]", "a JSON object"}, Wrong{R"("text")", "a JSON object"},
        Wrong{R"({"text":7})", R"("text" must be a string)"},
        Wrong{R"({"reasoning":["a"]})", R"("reasoning" must be a string)"},
        Wrong{R"({"refusal":{}})", R"("refusal")"}, Wrong{R"({"tool_call":[]})", R"(no member "tool_call")"},
        Wrong{R"({"tool_calls":{}})", R"("tool_calls" must be a list)"},
        Wrong{R"({"tool_calls":[7]})", R"("tool_calls" must be a list)"},
        Wrong{R"({"tool_calls":[{"index":0},{"id":"a"}]})", R"(element 1: "index")"},
        Wrong{R"({"tool_calls":[{"index":-1}]})", R"("index" must be an integer from 0 to 1023)"},
        Wrong{R"({"tool_calls":[{"index":1024}]})", R"("index" must be an integer from 0 to 1023)"},
        Wrong{R"({"tool_calls":[{"index":0.5}]})", R"("index")"},
        Wrong{R"({"tool_calls":[{"index":0,"arguments":{}}]})", R"("arguments" must be a string)"},
        Wrong{R"({"tool_calls":[{"index":0,"extra":[]}]})", R"("extra" must be an object)"},
        Wrong{R"({"logprobs":[]})", R"("logprobs" must be an object)"},
        Wrong{R"({"logprobs":{"content":7}})", R"("content" must be an array)"},
        Wrong{R"({"audio":"AA=="})", R"("audio" must be an object)"},
        Wrong{R"({"audio":{"data":"A"}})", R"("data" must be base64)"},
        Wrong{R"({"audio":{"expires_at":"soon"}})", R"("expires_at")"},
        Wrong{R"({"images":[{"index":0}]})", R"("url" must be a string)"},
        Wrong{R"({"images":[{"index":256,"url":"x"}]})", R"("index" must be an integer from 0 to 255)"}));

}  // namespace
}  // namespace shunt::generation
