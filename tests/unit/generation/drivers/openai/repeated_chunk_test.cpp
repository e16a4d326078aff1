#include "drivers/openai/repeated_chunk.hpp"

#include <gtest/gtest.h>

#include <string>

#include "drivers/openai/answer_reader.hpp"
#include "drivers/openai/upstream_json.hpp"

namespace shunt::generation::openai {
namespace {

// What llama.cpp, vLLM and Ollama send for each token.
std::string chunk(std::string_view text) {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1732873200,"model":"tiny",)"
         R"("choices":[{"index":0,"delta":{"role":"assistant", "content": ")" +
         std::string(text) + R"("},"logprobs":null,"finish_reason":null}]})";
}

std::optional<std::string> only_text_in(std::string_view json) {
  const auto read = read_upstream_json(json);
  const auto text = only_text_of(read->documents.front());
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

RepeatedChunk remembering(std::string_view json, std::string_view text) {
  RepeatedChunk known;
  known.remember(json, text);
  return known;
}

TEST(OnlyTextOf, AChunkThatBringsNothingElse) {
  EXPECT_EQ(only_text_in(chunk("Hi")), "Hi");
  EXPECT_EQ(only_text_in(R"({"choices":[{"delta":{"content":"x"}}]})"), "x");
  EXPECT_EQ(only_text_in(R"({"choices":[{"delta":{"content":"x"},"finish_reason":""}],"usage":null})"), "x");
}

TEST(OnlyTextOf, NoChunkThatBringsMore) {
  for (const std::string_view json : {
           R"({"choices":[{"delta":{"content":""}}]})",
           R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})",
           R"({"choices":[{"delta":{"content":"x"},"logprobs":{"content":[]}}]})",
           R"({"choices":[{"delta":{"content":"x"},"usage":{"total_tokens":1}}]})",
           R"({"choices":[{"delta":{"content":"x"},"message":{"content":"x"}}]})",
           R"({"choices":[{"delta":{"content":"x"}}],"usage":{"total_tokens":1}})",
           R"({"choices":[{"delta":{"content":"x"}}],"error":{"message":"late"}})",
           R"({"choices":[{"delta":{"content":"x"}}],"x_groq":{}})",
           R"({"choices":[{"delta":{"content":"x","reasoning":"y"}}]})",
           R"({"choices":[{"delta":{"content":"x","model":"grows"}}]})",
           R"({"choices":[{"delta":{"content":"x","tool_calls":[]}}]})",
           R"({"choices":[{"delta":{"content":["x"]}}]})",
           R"({"choices":[{"delta":{"content":"x"}},{"delta":{"content":"y"}}]})",
           R"({"choices":[]})",
           R"({"choices":{"delta":{"content":"x"}}})",
           R"([{"choices":[{"delta":{"content":"x"}}]}])",
           R"("x")",
       })
    EXPECT_EQ(only_text_in(json), std::nullopt) << json;
}

TEST(RepeatedChunk, KnowsAChunkWithAnotherText) {
  const RepeatedChunk known = remembering(chunk("Hi"), "Hi");
  EXPECT_EQ(known.text_in(chunk("Hi")), "Hi");
  EXPECT_EQ(known.text_in(chunk(" there, {\xC3\xBC}")), " there, {\xC3\xBC}");
  EXPECT_EQ(known.text_in(chunk("\xC3")), "\xC3") << "half a character, as some servers send it";
}

TEST(RepeatedChunk, DoesNotKnowWhatIsWrittenInAnotherWay) {
  const RepeatedChunk known = remembering(chunk("Hi"), "Hi");
  EXPECT_EQ(known.text_in(chunk("")), std::nullopt);
  EXPECT_EQ(known.text_in(chunk(R"(\n)")), std::nullopt);
  EXPECT_EQ(known.text_in(chunk("\n")), std::nullopt);
  EXPECT_EQ(known.text_in(chunk(R"(x","tool_calls":[],"content":"y)")), std::nullopt);
  EXPECT_EQ(known.text_in(chunk("Hi").substr(1)), std::nullopt);
  EXPECT_EQ(known.text_in(chunk("Hi") + " "), std::nullopt);
  EXPECT_EQ(known.text_in(""), std::nullopt);
  const std::string whole = chunk("Hi");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(known.text_in(whole.substr(0, size)), std::nullopt) << size;
}

TEST(RepeatedChunk, RemembersNoChunkWhoseTextHasNoPlainPlace) {
  const auto knows = [](const std::string& json, std::string_view text) {
    return remembering(json, text).text_in(json).has_value();
  };
  EXPECT_TRUE(knows(R"({"choices":[{"delta":{"content" : "x"}}]})", "x"));
  EXPECT_FALSE(knows(R"({"choices":[{"delta":{"\u0063ontent":"x"},"also":{"content":"x"}}]})", "x"));
  EXPECT_FALSE(knows(R"({"content":"x","choices":[{"delta":{"content":"x"}}]})", "x"));
  EXPECT_FALSE(knows(R"({"choices":[{"delta":{"content":"x"},"also":"content"}]})", "x"));
  EXPECT_FALSE(knows(R"({"choices":[{"delta":{"content":"\u0078"}}]})", "x"));
  EXPECT_FALSE(knows(R"({"content")", "x"));
  EXPECT_FALSE(knows(R"({"content":)", "x"));
  EXPECT_FALSE(knows(R"({"content":"x)", "x"));
  EXPECT_FALSE(knows(chunk(std::string(3000, ' ') + R"(","x":")"), "x"));
}

TEST(RepeatedChunk, ForgetsWithWhatItHeld) {
  RepeatedChunk known = remembering(chunk("Hi"), "Hi");
  known.remember(R"({"choices":[{"delta":{"content":"\n"}}]})", "\n");
  EXPECT_EQ(known.text_in(chunk("Hi")), std::nullopt);
}

// The same stream, once as it is, and once with noise between its chunks, so that each is read as JSON.
TEST(RepeatedChunk, TellsWhatReadingTells) {
  const auto told = [](std::string_view between) {
    AnswerReader reader("text/event-stream", 4096, {64});
    AnswerPieces pieces;
    for (const std::string_view text : {"Hi", " there", R"(\u00fc)", "!", "!", "?"}) {
      EXPECT_TRUE(reader.feed("data: " + chunk(text) + "\n\n", pieces).ok());
      EXPECT_TRUE(reader.feed(between, pieces).ok());
    }
    EXPECT_TRUE(reader
                    .feed(R"(data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"
                          "\n\n",
                          pieces)
                    .ok());
    // After the end the same chunk means something else.
    EXPECT_TRUE(reader.feed("data: " + chunk("more") + "\n\n", pieces).ok());
    EXPECT_FALSE(reader.complete());
    EXPECT_TRUE(reader.feed("data: [DONE]\n\n", pieces).ok());
    EXPECT_TRUE(reader.finish(pieces).ok());
    std::vector<std::string> texts;
    for (const AnswerPiece& piece : pieces) texts.push_back(std::get<TextPiece>(piece).text);
    texts.push_back(to_json_text(reader.take_result()));
    return texts;
  };
  EXPECT_EQ(told(""), told("data: null\n\n"));
}

}  // namespace
}  // namespace shunt::generation::openai
