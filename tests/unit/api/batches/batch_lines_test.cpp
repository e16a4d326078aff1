#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "batches/batch_check.hpp"
#include "batches/batch_line.hpp"
#include "batches/line_reader.hpp"
#include "batches/line_result.hpp"
#include "batches/line_set.hpp"

namespace shunt::api::batches {
namespace {

std::string described(const FileLine& line) {
  return std::to_string(line.number) + ':' + (line.too_long ? "too long" : line.text);
}

// What a reader says of a text that comes in pieces of so many bytes.
std::vector<std::string> lines_of(const std::string& text, std::size_t piece, std::size_t most = 8) {
  LineReader reader(most);
  std::vector<std::string> lines;
  const auto take = [&] {
    while (const auto line = reader.next()) lines.push_back(described(*line));
  };
  for (std::size_t at = 0; at < text.size(); at += piece) {
    reader.feed(text.substr(at, piece));
    take();
  }
  reader.finish();
  take();
  return lines;
}

TEST(LineReader, ReadsTheSameHoweverTheBytesAreSplit) {
  const std::string text = "one\n\ntwo\r\n  \t\nexactly8\r\nnine char\nlast";
  const std::vector<std::string> lines{"1:one", "3:two", "5:exactly8", "6:too long", "7:last"};
  for (std::size_t piece = 1; piece <= text.size(); ++piece) EXPECT_EQ(lines_of(text, piece), lines) << piece;
}

TEST(LineReader, HoldsNothingOfALineThatIsTooLong) {
  const std::string text = std::string(100'000, 'x') + "\nnext\n";
  EXPECT_EQ(lines_of(text, 7), (std::vector<std::string>{"1:too long", "2:next"}));
  EXPECT_EQ(lines_of(std::string(100, 'x'), 100), std::vector<std::string>{"1:too long"});
}

TEST(LineReader, PassesOverSoManyBlankLinesInARowAndNoMore) {
  const std::string most(LineReader::kMostBlankLines - 1, '\n');
  EXPECT_EQ(lines_of(most + "x", 7), std::vector<std::string>{std::to_string(most.size() + 1) + ":x"});
  EXPECT_EQ(lines_of(most + "\n", 7), std::vector<std::string>{std::to_string(most.size() + 1) + ':'});
}

TEST(LineReader, AFileWithoutLinesHasNone) {
  EXPECT_TRUE(lines_of("", 1).empty());
  EXPECT_TRUE(lines_of("\n\r\n \n", 1).empty());
}

constexpr std::string_view kEndpoint = "/v1/embeddings";

std::string line_of(std::string_view custom_id) {
  return R"({"custom_id":")" + std::string(custom_id) +
         R"(","method":"POST","url":"/v1/embeddings","body":{"model":"m"}})";
}

std::string fault_of(const std::string& text) {
  const auto read = read_batch_line({.number = 4, .text = text}, kEndpoint, {.max_depth = 8});
  const auto* const fault = std::get_if<BatchFault>(&read);
  if (fault == nullptr) return "none";
  EXPECT_EQ(fault->line, 4U);
  EXPECT_FALSE(fault->message.empty());
  return fault->code + ' ' + fault->param;
}

TEST(BatchLine, IsReadStrictly) {
  EXPECT_EQ(fault_of(line_of("a")), "none");
  const std::vector<std::pair<std::string, std::string>> faults{
      {"{", "invalid_json_line "},
      {"[]", "invalid_json_line "},
      {"7", "invalid_json_line "},
      {R"({"custom_id":"a","custom_id":"b"})", "invalid_json_line "},
      {"\xff", "invalid_json_line "},
      {"{}", "missing_required_parameter custom_id"},
      {R"({"custom_id":7})", "invalid_custom_id custom_id"},
      {R"({"custom_id":""})", "invalid_custom_id custom_id"},
      {line_of(std::string(513, 'x')), "invalid_custom_id custom_id"},
      {R"({"custom_id":"a"})", "missing_required_parameter method"},
      {R"({"custom_id":"a","method":"GET"})", "invalid_method method"},
      {R"({"custom_id":"a","method":"POST"})", "missing_required_parameter url"},
      {R"({"custom_id":"a","method":"POST","url":"/v1/completions"})", "invalid_url url"},
      {R"({"custom_id":"a","method":"POST","url":7})", "invalid_url url"},
      {R"({"custom_id":"a","method":"POST","url":"/v1/embeddings"})", "missing_required_parameter body"},
      {R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":"x"})", "invalid_body body"},
      {R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":{},"more":1})",
       "unknown_parameter more"},
      {R"({"custom_id":"a","method":"POST","url":"/v1/embeddings","body":)" + std::string(50, '[') +
           std::string(50, ']') + '}',
       "invalid_json_line "},
  };
  for (const auto& [text, fault] : faults) EXPECT_EQ(fault_of(text), fault) << text;
  const auto read = read_batch_line({.number = 1, .text = {}, .too_long = true}, kEndpoint, {});
  EXPECT_EQ(std::get<BatchFault>(read).code, "line_too_long");
}

std::vector<std::string> faults_of(const std::vector<std::string>& lines, std::uint64_t most = 100) {
  BatchCheck check{std::string(kEndpoint), {.max_lines = most, .json = {}}};
  std::uint64_t number = 0;
  for (const std::string& line : lines) {
    if (!check.take({.number = ++number, .text = line})) break;
  }
  check.finish();
  std::vector<std::string> codes;
  for (const BatchFault& fault : check.faults())
    codes.push_back(fault.code + '@' + std::to_string(fault.line.value_or(0)));
  return codes;
}

TEST(BatchCheck, FindsWhatIsWrongWithLinesTogether) {
  EXPECT_TRUE(faults_of({line_of("a"), line_of("b")}).empty());
  EXPECT_EQ(faults_of({}), std::vector<std::string>{"empty_file@0"});
  EXPECT_EQ(
      faults_of({line_of("a"), "{", line_of("a"), line_of("b"), line_of("b")}),
      (std::vector<std::string>{"invalid_json_line@2", "duplicate_custom_id@3", "duplicate_custom_id@5"}));
  EXPECT_EQ(faults_of({line_of("a"), line_of("b"), line_of("c")}, 2),
            std::vector<std::string>{"too_many_lines@3"});
}

// What is done is remembered by a line's number, up to a bound that empty lines count for, too.
TEST(BatchCheck, RefusesALineWhoseNumberCannotBeRemembered) {
  BatchCheck check{std::string(kEndpoint), {.max_lines = 100, .json = {}}};
  EXPECT_TRUE(check.take({.number = LineSet::kMost - 1, .text = line_of("a")}));
  EXPECT_FALSE(check.take({.number = LineSet::kMost, .text = line_of("b")}));
  EXPECT_EQ(check.faults().front().code, "too_many_lines");
}

TEST(BatchCheck, ReadsNoFurtherThanItsLastFault) {
  EXPECT_EQ(faults_of(std::vector<std::string>(1000, "{"), 1000).size(), kMostFaults);
}

const std::string kId = "batch_0123456789abcdef0123456789abcdef";

TEST(LineResult, TellsWhichLineItIsOfWhenItIsReadAgain) {
  LineResult result{.line = 70'000, .custom_id = "a\"b"};
  result.answer = {.status = 200,
                   .request_id = "gen_x",
                   .body = R"({"usage":{"prompt_tokens":3,"completion_tokens":4,)"
                           R"("prompt_tokens_details":{"cached_tokens":1}}})"};
  EXPECT_TRUE(result.succeeded());
  std::string text;
  append_line_result(text, kId, result);
  EXPECT_EQ(text.back(), '\n');
  EXPECT_TRUE(text.starts_with(R"({"id":"batch_req_0123456789abcdef0123456700011170","custom_id":"a\"b",)"
                               R"("response":{"status_code":200,"request_id":"gen_x","body":{)"));
  text.pop_back();
  const auto recorded = read_recorded_line(text, kId);
  ASSERT_TRUE(recorded.has_value());
  EXPECT_EQ(recorded->line, 70'000U);
  EXPECT_EQ(recorded->usage.input, 3U);
  EXPECT_EQ(recorded->usage.cached, 1U);
  EXPECT_EQ(recorded->usage.output, 4U);
}

TEST(LineResult, OfALineThatWasNotRunHasNoResponse) {
  std::string text;
  append_line_result(
      text, kId,
      {.line = 1, .custom_id = "a", .answer = {}, .error_code = "batch_expired", .error_message = "late"});
  EXPECT_EQ(text, R"({"id":"batch_req_0123456789abcdef0123456700000001","custom_id":"a","response":null,)"
                  R"("error":{"code":"batch_expired","message":"late"}})"
                  "\n");
}

TEST(LineResult, ThatIsNoneOfThisBatchIsPassedOver) {
  const std::string own = R"({"id":"batch_req_0123456789abcdef0123456700000001"})";
  EXPECT_TRUE(read_recorded_line(own, kId).has_value());
  for (const char* const text :
       {"", "{", "[]", "7", "{}", R"({"id":7})", R"({"id":""})", R"({"id":"00000001"})",
        R"({"id":"batch_req_0123456789abcdef012345670000000g"})",
        R"({"id":"batch_req_0123456789abcdef0123456900000001"})",
        R"({"id":"batch_req_0123456789abcdef01234567000000001"})"}) {
    EXPECT_FALSE(read_recorded_line(text, kId).has_value()) << text;
  }
}

TEST(LineResult, TokensThatNobodyCanHaveUsedAreNotCounted) {
  const auto usage = [](std::string_view text) { return usage_of(*parse_json(text)); };
  EXPECT_EQ(usage(R"({"usage":{"input_tokens":5,"output_tokens":6,)"
                  R"("output_tokens_details":{"reasoning_tokens":2}}})")
                .reasoning,
            2U);
  for (const char* const text :
       {"7", "{}", R"({"usage":7})", R"({"usage":{"prompt_tokens":-1}})",
        R"({"usage":{"prompt_tokens":1.5}})", R"({"usage":{"prompt_tokens":9007199254740991}})"}) {
    EXPECT_EQ(usage(text).input, 0U) << text;
  }
}

TEST(LineSet, HasWhatWasAddedOnce) {
  LineSet set;
  EXPECT_FALSE(set.has(5));
  EXPECT_TRUE(set.add(5));
  EXPECT_FALSE(set.add(5));
  EXPECT_TRUE(set.has(5));
  EXPECT_FALSE(set.has(4));
  EXPECT_FALSE(set.add(~std::uint64_t{0}));
}

}  // namespace
}  // namespace shunt::api::batches
