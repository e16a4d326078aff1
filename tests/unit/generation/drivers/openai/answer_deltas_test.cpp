#include "drivers/openai/answer_deltas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/openai/answer_reader.hpp"

namespace shunt::generation::openai {
namespace {

using ::testing::HasSubstr;

// Each choice's delta is an event of the stream; what comes of all of them, read in one go.
std::vector<AnswerDelta> deltas_of(const std::vector<std::string>& choices) {
  AnswerReader reader("text/event-stream", 1 << 20, {256});
  AnswerPieces pieces;
  for (const std::string& choice : choices)
    EXPECT_TRUE(reader.feed("data: {\"choices\":[" + choice + "]}\n\n", pieces).ok());
  EXPECT_TRUE(
      reader.feed("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", pieces).ok());
  EXPECT_TRUE(reader.finish(pieces).ok());
  std::vector<AnswerDelta> deltas;
  EXPECT_TRUE(AnswerDeltas().take(std::move(pieces), deltas).ok());
  return deltas;
}

std::string delta(const std::string& members) {
  return "{\"delta\":" + members + "}";
}

std::string text_of(const std::vector<AnswerDelta>& deltas) {
  std::string text;
  for (const AnswerDelta& each : deltas) {
    JsonObjectWriter object(text);
    if (!each.text.empty()) object.text("text", each.text);
    write_parts(object, each.parts);
    object.close();
  }
  return text;
}

TEST(AnswerDeltas, KeepTheOrderAndJoinWhatIsOfOneKind) {
  EXPECT_EQ(text_of(deltas_of({delta(R"({"reasoning_content":"Let "})"),
                               delta(R"({"reasoning_content":"me"})"), delta(R"({"content":"It "})"),
                               delta(R"({"content":"is"})"), delta(R"({"reasoning_content":"hm"})"),
                               delta(R"({"content":" so"})"), delta(R"({"refusal":"no"})")})),
            R"({"reasoning":"Let me"}{"text":"It is"}{"reasoning":"hm"}{"text":" so"}{"refusal":"no"})");
}

TEST(AnswerDeltas, CallsHaveTheirNamesWholeAndTheirArgumentsInPieces) {
  EXPECT_EQ(
      text_of(deltas_of(
          {delta(
               R"({"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\""}}]})"),
           delta(R"({"content":"wait"})"),
           delta(R"({"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]})"),
           delta(
               R"({"tool_calls":[{"index":7,"id":"b","extra_content":{"google":1},"function":{"name":"g","arguments":"{}"}}]})")})),
      R"({"tool_calls":[{"index":0,"id":"a","name":"f","arguments":"{\"x\""}]}{"text":"wait"})"
      R"({"tool_calls":[{"index":0,"arguments":":1}"},)"
      R"({"index":1,"id":"b","name":"g","arguments":"{}","extra":{"extra_content":{"google":1}}}]})");
}

// Nothing has come of the first one yet.
TEST(AnswerDeltas, ACallThatIsEmptySoFarLeavesNoGap) {
  EXPECT_EQ(text_of(deltas_of({delta(R"({"tool_calls":[{"index":0,"type":"function"}]})"),
                               delta(R"({"tool_calls":[{"index":1,"id":"b","function":{"name":"g"}}]})")})),
            R"({"tool_calls":[{"index":0},{"index":1,"id":"b","name":"g"}]})");
}

TEST(AnswerDeltas, ANameThatComesInPiecesIsToldAsItStands) {
  const auto deltas = deltas_of({delta(R"({"tool_calls":[{"index":0,"id":"a","function":{"name":"wea"}}]})"),
                                 delta(R"({"tool_calls":[{"index":0,"function":{"name":"ther"}}]})"),
                                 delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]})")});
  MessageParts whole;
  for (const AnswerDelta& each : deltas) append_parts(whole, each.parts);
  EXPECT_EQ(whole.tool_calls.at(0).name, "weather");
  EXPECT_EQ(whole.tool_calls.at(0).id, "a");
}

TEST(AnswerDeltas, ACustomToolsInputIsItsArguments) {
  EXPECT_EQ(
      text_of(deltas_of(
          {delta(
               R"({"tool_calls":[{"index":0,"id":"a","type":"custom","custom":{"name":"run","input":"print"}}]})"),
           delta(R"({"tool_calls":[{"index":0,"custom":{"input":" 1"}}]})")})),
      R"({"tool_calls":[{"index":0,"id":"a","type":"custom","name":"run","arguments":"print 1"}]})");
}

TEST(AnswerDeltas, ACallOfTheOlderProtocolSaysSo) {
  EXPECT_EQ(text_of(deltas_of({delta(R"({"function_call":{"name":"f","arguments":"{"}})"),
                               delta(R"({"function_call":{"arguments":"}"}})")})),
            R"({"tool_calls":[{"index":0,"type":"function_call","name":"f","arguments":"{}"}]})");
}

TEST(AnswerDeltas, LogProbabilitiesGoWithTheirText) {
  EXPECT_EQ(text_of(deltas_of({R"({"delta":{"content":"a"},"logprobs":{"content":[{"token":"a"}]}})",
                               R"({"delta":{"content":"b"},"logprobs":{"content":[{"token":"b"}]}})",
                               R"({"delta":{"refusal":"c"},"logprobs":{"refusal":[{"token":"c"}]}})"})),
            R"({"text":"ab","logprobs":{"content":[{"token":"a"},{"token":"b"}]}})"
            R"({"refusal":"c","logprobs":{"refusal":[{"token":"c"}]}})");
}

TEST(AnswerDeltas, HalvesOfCharactersAreReplacedWhereverTheyStand) {
  EXPECT_EQ(text_of(deltas_of(
                {"{\"delta\":{\"content\":\"a\"},\"logprobs\":{\"content\":[{\"token\":\"\xF0\x9F\"}]}}"})),
            "{\"text\":\"a\",\"logprobs\":{\"content\":[{\"token\":\"\xEF\xBF\xBD\"}]}}");
  EXPECT_EQ(text_of(deltas_of({delta("{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"x\":\"\xFF\"}]}")})),
            "{\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"extra\":{\"x\":\"\xEF\xBF\xBD\"}}]}");
}

// Cut anywhere, or each piece written by itself.
TEST(AnswerDeltas, AudioIsItsBytes) {
  const auto deltas =
      deltas_of({delta(R"({"audio":{"id":"x","data":"AA"}})"), delta(R"({"audio":{"data":"EC"}})"),
                 delta(R"({"audio":{"data":"Aw==","transcript":"hi"}})"),
                 delta(R"({"audio":{"data":"BA==","expires_at":7}})")});
  EXPECT_EQ(text_of(deltas), R"({"audio":{"id":"x","data":"AAECAwQ=","transcript":"hi","expires_at":7}})");
  AnswerPieces broken;
  broken.emplace_back(AudioPiece{.data = "!!!!"});
  std::vector<AnswerDelta> none;
  EXPECT_EQ(AnswerDeltas().take(std::move(broken), none).error().code, "upstream_broken");
}

TEST(AnswerDeltas, AnImageIsToldOnce) {
  const std::string image =
      R"({"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]})";
  EXPECT_EQ(
      text_of(deltas_of({delta(image), delta(image), delta(R"({"images":[{"b64_json":"BB"}]})")})),
      R"({"images":[{"index":0,"url":"data:image/png;base64,AA"},{"index":1,"url":"data:image/png;base64,BB"}]})");
}

TEST(AnswerDeltas, AWholeMessageIsToldWhole) {
  AnswerReader reader("application/json", 1 << 20, {256});
  AnswerPieces pieces;
  ASSERT_TRUE(
      reader
          .feed(R"({"choices":[{"finish_reason":"stop","message":{"content":"hi","reasoning_content":"so",)"
                R"("audio":{"id":"x","data":"AA=="},"images":[{"image_url":{"url":"data:,"}}],)"
                R"("tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},)"
                R"("logprobs":{"content":[{"token":"hi"}]}}]})",
                pieces)
          .ok());
  ASSERT_TRUE(reader.end(AnswerReader::Ending::kInOrder, pieces).ok());
  ASSERT_TRUE(reader.finish(pieces).ok());
  std::vector<AnswerDelta> deltas;
  ASSERT_TRUE(AnswerDeltas().take(std::move(pieces), deltas).ok());
  MessageParts whole;
  std::string text;
  for (const AnswerDelta& each : deltas) {
    text += each.text;
    append_parts(whole, each.parts);
  }
  EXPECT_EQ(text, "hi");
  EXPECT_EQ(whole.reasoning, "so");
  EXPECT_EQ(whole.tool_calls.at(0).name, "f");
  EXPECT_EQ(whole.audio.bytes, std::string(1, '\0'));
  EXPECT_EQ(whole.images.at(0).url, "data:,");
  EXPECT_EQ(whole.logprobs.content.size(), 1U);
}

}  // namespace
}  // namespace shunt::generation::openai
