#include "drivers/openai/transcript_stream.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

constexpr std::size_t kMaxEventBytes = 1000;

struct Told {
  std::vector<std::string> texts;
  std::size_t logprobs = 0;
  std::string error{};  // its code; "": none
  bool complete = false;
  Json result{};
};

Told read_pieces(std::string_view body, std::size_t step, MemoryBudget& memory = MemoryBudget::unlimited()) {
  TranscriptStreamReader reader(kMaxEventBytes, Quoting{100, {}}, memory);
  AnswerPieces pieces;
  Result<void> read;
  for (std::size_t at = 0; at < body.size() && read; at += step)
    read = reader.feed(body.substr(at, step), pieces);
  if (read) read = reader.end(BodyReader::Ending::kInOrder, pieces);
  Told told;
  told.complete = reader.complete();
  if (read && told.complete) read = reader.finish(pieces);
  if (read) told.result = reader.take_result();
  for (const AnswerPiece& piece : pieces) {
    if (const auto* const text = std::get_if<TextPiece>(&piece)) told.texts.push_back(text->text);
    if (const auto* const logprobs = std::get_if<LogprobsPiece>(&piece))
      told.logprobs += logprobs->content.size();
  }
  if (!read) told.error = read.error().code.to_string();
  return told;
}

std::string event(std::string_view json) {
  return "data: " + std::string(json) + "\n\n";
}

const std::string kHello =
    event(R"({"type":"transcript.text.delta","delta":"Hello","logprobs":[{"token":"Hello"}]})") +
    event(R"({"type":"transcript.text.delta","delta":" – there"})") +
    event(R"({"type":"transcript.text.done","text":"Hello – there","usage":{"total_tokens":3}})");

TEST(TranscriptStream, TellsEachPieceAndTheWholeHoweverTheBytesAreCut) {
  for (std::size_t step = 1; step <= kHello.size(); ++step) {
    const Told told = read_pieces(kHello, step);
    EXPECT_EQ(told.texts, (std::vector<std::string>{"Hello", " – there"})) << step;
    EXPECT_EQ(told.logprobs, 1U);
    EXPECT_TRUE(told.complete);
    EXPECT_EQ(to_json_text(told.result), R"({"usage":{"total_tokens":3},"text":"Hello – there"})");
  }
}

TEST(TranscriptStream, ReadsWhatServersSend) {
  struct {
    std::string body;
    std::string text;
    bool complete;
  } const cases[] = {
      {event(R"({"type":"transcript.text.done","text":"all at once"})"), "all at once", true},
      {event(R"({"type":"transcript.text.delta","delta":"a"})") +
           event(R"({"type":"transcript.text.done","text":"ab"})"),
       "ab", true},
      // The pieces count where the last event says something else.
      {event(R"({"type":"transcript.text.delta","delta":"a"})") +
           event(R"({"type":"transcript.text.done","text":"x"})"),
       "a", true},
      {event(R"({"type":"transcript.text.done","text":""})"), "", true},
      {event(R"({"object":"transcription.chunk","choices":[{"delta":{"content":"a"}}]})") +
           event(
               R"({"object":"transcription.chunk","choices":[{"delta":{"content":"b"},"finish_reason":"stop"}]})") +
           event("[DONE]"),
       "ab", true},
      {event(
           R"({"object":"transcription.chunk","choices":[{"delta":{"content":""},"finish_reason":"stop"}]})") +
           event("[DONE]"),
       "", true},
      {": ping\n\n" + event(R"({"type":"transcript.text.segment","text":"a"})") + event(R"({"type":7})") +
           event(R"({"type":"transcript.text.done","text":"b"})") + "data: garbage behind the end\n\n",
       "b", true},
      {event(R"({"type":"transcript.text.delta","delta":"cut"})"), "cut", false},
      {R"(data: {"type":"transcript.text.done","text":"no empty line"})", "no empty line", true},
      {R"(data: {"type":"transcript.text.done","te)", "", false},
      {event("[DONE]"), "", false},
      {"", "", false},
  };
  for (const auto& each : cases) {
    const Told told = read_pieces(each.body, 7);
    std::string text;
    for (const std::string& piece : told.texts) text += piece;
    EXPECT_EQ(text, each.text) << each.body;
    EXPECT_EQ(told.complete, each.complete) << each.body;
    EXPECT_EQ(told.error, "") << each.body;
  }
}

TEST(TranscriptStream, FailsWhereTheServerSaysSoOrMakesNoSense) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {event(R"({"error":{"message":"no","type":"server_error"}})"), "upstream_failed"},
      {"event: error\ndata: {\"message\":\"no\"}\n\n", "upstream_failed"},
      {event(R"({"type":"transcript.text.delta","delta":"a"})") +
           event(R"({"error":{"code":429,"message":"no"}})"),
       "upstream_rate_limited"},
      {event("not JSON"), "upstream_broken"},
      {event("[1]"), "upstream_broken"},
      {event("\"text\""), "upstream_broken"},
      {"data: " + std::string(2 * kMaxEventBytes, 'x'), "upstream_broken"},
  };
  for (const auto& [body, code] : cases) EXPECT_EQ(read_pieces(body, 50).error, code) << body.substr(0, 100);
}

}  // namespace
}  // namespace shunt::generation::openai
