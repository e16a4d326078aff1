#include "drivers/openai/answer_reader.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

constexpr std::string_view kStream =
    "data: "
    "{\"model\":\"tiny\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Gr\"}}]}"
    "\n\n"
    "data: "
    "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\u00fc\u00dfe\"},\"logprobs\":{\"content\":[{"
    "\"token\":\"a\"}]}}]}\n\n"
    "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"not ours\"}}]}\n\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"total_tokens\":5}}\n\n"
    "data: [DONE]\n\n"
    "data: whatever follows\n\n";

Json json(std::string_view text) {
  return parse_json(text).value();
}

constexpr auto kInOrder = AnswerReader::Ending::kInOrder;

// A reader whose text is gathered.
struct TextReader {
  AnswerReader reader;

  Result<void> feed(std::string_view bytes, std::string& text) {
    AnswerPieces pieces;
    auto read = reader.feed(bytes, pieces);
    gather(pieces, text);
    return read;
  }
  Result<void> end(std::string& text) {
    AnswerPieces pieces;
    auto ended = reader.end(kInOrder, pieces);
    gather(pieces, text);
    return ended;
  }
  Json take_result() {
    AnswerPieces pieces;
    EXPECT_TRUE(reader.finish(pieces).ok());
    return reader.take_result();
  }
  [[nodiscard]] bool done() const { return reader.done(); }
  [[nodiscard]] bool complete() const { return reader.complete(); }

 private:
  static void gather(const AnswerPieces& pieces, std::string& text) {
    for (const AnswerPiece& piece : pieces) {
      if (const auto* part = std::get_if<TextPiece>(&piece)) text += part->text;
    }
  }
};

TextReader reader_of(std::string_view content_type, std::span<const std::string> secrets = {}) {
  return {AnswerReader(content_type, 4096, {64, secrets})};
}

TEST(AnswerReader, ReadsAStreamToItsTextAndResult) {
  auto reader = reader_of("text/event-stream; charset=utf-8");
  std::string text;
  ASSERT_TRUE(reader.feed(kStream, text).ok());
  EXPECT_EQ(text, "Grüße");
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(reader.take_result(), json(R"({"finish_reason":"stop","model":"tiny","usage":{"total_tokens":5},
                                      "logprobs":{"content":[{"token":"a"}]}})"));
}

TEST(AnswerReader, GivesTheSameWhereverTheStreamIsCut) {
  for (std::size_t cut = 0; cut < kStream.size(); ++cut) {
    auto reader = reader_of("Text/Event-Stream");
    std::string text;
    ASSERT_TRUE(reader.feed(kStream.substr(0, cut), text).ok());
    ASSERT_TRUE(reader.feed(kStream.substr(cut), text).ok());
    ASSERT_EQ(text, "Grüße") << "cut at " << cut;
  }
}

TEST(AnswerReader, ReadsTheSingleObjectOfAServerThatDoesNotStream) {
  for (const std::string_view type : {"application/json", ""}) {
    auto reader = reader_of(type);
    std::string text;
    ASSERT_TRUE(reader.feed(R"({"choices":[{"message":{"role":"assistant","content":"Hel)", text).ok());
    ASSERT_TRUE(reader.feed(R"(lo","tool_calls":[{"id":"a"}]},"finish_reason":"length"}]})", text).ok());
    EXPECT_EQ(text, "");
    ASSERT_TRUE(reader.end(text).ok());
    EXPECT_EQ(text, "Hello");
    EXPECT_TRUE(reader.complete());
    EXPECT_EQ(reader.take_result(),
              json(R"({"finish_reason":"length","message":{"tool_calls":[{"id":"a"}]}})"));
  }
}

TEST(AnswerReader, IsCompleteWithAFinishReasonEvenWithoutDone) {
  auto reader = reader_of("text/event-stream");
  std::string text;
  ASSERT_TRUE(reader.feed("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n", text).ok());
  EXPECT_FALSE(reader.complete());
  ASSERT_TRUE(reader.feed("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", text).ok());
  EXPECT_TRUE(reader.complete());
  EXPECT_FALSE(reader.done());
}

TEST(AnswerReader, TakesADoneWithoutItsEmptyLineAndDropsACutEvent) {
  auto whole = reader_of("text/event-stream");
  std::string text;
  ASSERT_TRUE(whole.feed("data: [DONE]\n", text).ok());
  ASSERT_TRUE(whole.end(text).ok());
  EXPECT_TRUE(whole.done());

  auto quoted = reader_of("text/event-stream");
  ASSERT_TRUE(quoted.feed("data: {\"choices\":[]}\n\ndata: \"[DONE]\"\n\n", text).ok());
  EXPECT_TRUE(quoted.done());

  auto cut = reader_of("text/event-stream");
  ASSERT_TRUE(cut.feed("data: {\"choices\":[{\"delta\":{\"con", text).ok());
  ASSERT_TRUE(cut.end(text).ok());
  EXPECT_FALSE(cut.complete());
}

TEST(AnswerReader, KeepsTheTextBeforeWhatItCannotRead) {
  auto reader = reader_of("text/event-stream");
  std::string text;
  const auto read =
      reader.feed("data: {\"choices\":[{\"delta\":{\"content\":\"good\"}}]}\n\ndata: {]\n\n", text);
  EXPECT_EQ(text, "good");
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, error_code::kUpstreamBroken);
  EXPECT_EQ(read.error().details.at("body_excerpt"), "{]");
}

TEST(AnswerReader, RefusesDocumentsThatAreNotOfTheProtocol) {
  for (const std::string_view document : {"[]", "7", R"("text")", R"({"choices":7})", R"({"choices":[7]})"}) {
    auto reader = reader_of("text/event-stream");
    std::string text;
    const auto read = reader.feed("data: " + std::string(document) + "\n\n", text);
    ASSERT_FALSE(read.ok()) << document;
    EXPECT_EQ(read.error().code, error_code::kUpstreamBroken) << document;
  }
}

TEST(AnswerReader, TakesObjectsWithoutChoicesForNoiseThatEndsNothing) {
  auto stream = reader_of("text/event-stream");
  std::string text;
  ASSERT_TRUE(stream.feed("data: {\"unrelated\":true}\n\ndata: [DONE]\n\n", text).ok());
  EXPECT_FALSE(stream.complete());

  auto body = reader_of("application/json");
  ASSERT_TRUE(body.feed("{\"unrelated\":true}", text).ok());
  const auto ended = body.end(text);
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code, error_code::kUpstreamBroken);
}

TEST(AnswerReader, BoundsAnEventUnlessTheAnswerIsComplete) {
  const std::string endless(5000, 'x');
  auto cut = reader_of("text/event-stream");
  std::string text;
  EXPECT_FALSE(cut.feed("data: " + endless, text).ok());

  auto whole = reader_of("text/event-stream");
  ASSERT_TRUE(whole.feed("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", text).ok());
  EXPECT_TRUE(whole.feed("data: " + endless, text).ok());
  EXPECT_TRUE(whole.complete());
  EXPECT_TRUE(whole.done());
}

TEST(AnswerReader, HoldsNoMoreThanAnEventOfAStream) {
  auto reader = reader_of("text/event-stream");
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(reader.feed("data: {\"choices\":[{\"delta\":{\"content\":\"word\"}}]}\n\n", text).ok());
  }
  EXPECT_LT(reader.reader.held_bytes(), 8192U);
}

TEST(AnswerReader, TakesWhatItHoldsFromTheDriversMemory) {
  const auto on_heap = std::make_unique<MemoryBudget>(std::size_t{16} << 20U);
  MemoryBudget& budget = *on_heap;
  {
    AnswerReader reader("text/event-stream", 1 << 20, {64, {}}, budget);
    AnswerPieces pieces;
    for (int i = 0; i < 1000; ++i) {
      ASSERT_TRUE(reader.feed("data: {\"choices\":[{\"delta\":{\"content\":\"word\"}}]}\n\n", pieces).ok());
    }
    EXPECT_LT(reader.reserved_bytes(), 16'384U);  // text is handed on
    const std::string thought(2000, 'x');
    for (int i = 0; i < 100; ++i) {
      const std::string event =
          "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"" + thought + "\"}}]}\n\n";
      ASSERT_TRUE(reader.feed(event, pieces).ok());
    }
    EXPECT_GE(reader.reserved_bytes(), 200'000U);
    EXPECT_EQ(reader.reserved_bytes(), budget.used(MemoryShare::kDrivers));
    ASSERT_TRUE(reader.feed("data: [DONE]\n\n", pieces).ok());
    EXPECT_TRUE(reader.finish(pieces).ok());
  }
  EXPECT_EQ(budget.used(MemoryShare::kDrivers), 0U);
}

TEST(AnswerReader, FailsWithoutRoomForWhatADocumentMayBecome) {
  const auto on_heap = std::make_unique<MemoryBudget>(std::size_t{16} << 20U);
  MemoryBudget& budget = *on_heap;
  std::string lists;
  while (lists.size() < 200'000) lists += "[],";
  const std::string document = "{\"choices\":[{\"delta\":{\"odd\":[" + lists + "0]}}]}";
  for (const std::string_view type : {"text/event-stream", "application/json"}) {
    AnswerReader reader(type, 1 << 20, {64, {}}, budget);
    AnswerPieces pieces;
    const bool stream = type == "text/event-stream";
    auto read = reader.feed(stream ? "data: " + document + "\n\n" : document, pieces);
    if (read) read = reader.end(kInOrder, pieces);
    ASSERT_FALSE(read.ok()) << type;
    EXPECT_EQ(read.error().code, error_code::kOverloaded);
  }
  EXPECT_GT(budget.refused(MemoryShare::kDrivers), 0U);
}

TEST(AnswerReader, NeedsNoRoomOnceTheAnswerIsComplete) {
  const auto on_heap = std::make_unique<MemoryBudget>(std::size_t{16} << 20U);
  MemoryBudget& budget = *on_heap;
  AnswerReader reader("text/event-stream", 1 << 20, {64, {}}, budget);
  AnswerPieces pieces;
  ASSERT_TRUE(reader.feed("data: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n", pieces).ok());
  budget.take(MemoryShare::kDrivers, budget.capacity(MemoryShare::kDrivers));
  const std::string lists(200'000, '[');
  EXPECT_TRUE(reader.feed("data: {\"x\": " + lists + "}\n\n", pieces).ok());
  EXPECT_TRUE(reader.complete());
  EXPECT_TRUE(reader.done());
}

TEST(AnswerReader, RefusesOtherMediaTypesWithAnExcerpt) {
  auto reader = reader_of("text/html; charset=utf-8");
  std::string text;
  const auto read = reader.feed("<html>Welcome</html>", text);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, error_code::kUpstreamBroken);
  EXPECT_NE(read.error().message.find("text/html"), std::string::npos);
  EXPECT_EQ(read.error().details.at("body_excerpt"), "<html>Welcome</html>");
}

TEST(AnswerReader, ReportsAnErrorInsideAStreamWithoutTheSecret) {
  const std::vector<std::string> secrets = {"sk-secret"};
  auto reader = reader_of("text/event-stream", secrets);
  std::string text;
  const auto read = reader.feed(
      "event: error\ndata: {\"error\":{\"message\":\"no quota for sk-secret\",\"code\":429}}\n\n", text);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, error_code::kUpstreamRateLimited);
  EXPECT_NE(read.error().message.find("no quota for [redacted]"), std::string::npos);
  EXPECT_EQ(read.error().details.at("upstream_code"), "429");
}

}  // namespace
}  // namespace shunt::generation::openai
