#include "core/json_text.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

using namespace std::string_literals;

TEST(JsonText, TakesWhatIsJson) {
  const std::string texts[] = {"null",
                               " true\n",
                               "false",
                               "0",
                               "-0",
                               "-1.5e+10",
                               "1E-2",
                               "123456789012345678901234567890",
                               "1e999",
                               R"("")",
                               R"("hello")",
                               R"("\" \\ \/ \b \f \n \r \t \u12aF \ud800")",
                               "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"",
                               "[]",
                               "{}",
                               "[ ]",
                               "{ }",
                               "[1, [2, {\"a\": [ ]}], {}]",
                               R"({"a":1,"a":2,"":{}})",
                               "\"\x7f\""};
  for (const std::string& text : texts) EXPECT_FALSE(find_json_error(text)) << text;
}

TEST(JsonText, RefusesWhatIsNone) {
  const std::string texts[] = {"",
                               " ",
                               "hello",
                               "nul",
                               "nulls",
                               "True",
                               "NaN",
                               "Infinity",
                               "-",
                               "+1",
                               "01",
                               "1.",
                               ".5",
                               "1e",
                               "1e+",
                               "0x10",
                               "'a'",
                               "\"",
                               "\"a",
                               "\"\\\"",
                               R"("\x41")",
                               R"("\u12g4")",
                               R"("\u12)",
                               "\"\n\"",
                               "\"\0\""s,
                               "null\0"s,
                               "[",
                               "]",
                               "[1,]",
                               "[,1]",
                               "[1 2]",
                               "[1}",
                               "{",
                               "{\"a\"}",
                               "{\"a\":}",
                               "{\"a\":1,}",
                               "{a:1}",
                               "{1:1}",
                               "1 2",
                               "{} {}",
                               "\xef\xbb\xbf{}",
                               "\"\xff\"",
                               "\"\xc0\x80\"",
                               "\"\xe0\x80\x80\"",
                               "\"\xed\xa0\x80\"",
                               "\"\xf4\x90\x80\x80\"",
                               "\"\xf0\x80\x80\x80\"",
                               "\"\xe2\x82\"",
                               "\"\xc3"};
  for (const std::string& text : texts) EXPECT_TRUE(find_json_error(text)) << text;
}

TEST(JsonText, TakesNoStackForDepth) {
  const std::size_t depth = 200'000;
  EXPECT_FALSE(find_json_error(std::string(depth, '[') + std::string(depth, ']')));
  EXPECT_TRUE(find_json_error(std::string(depth, '[')));
}

// Numbers that no double holds are JSON all the same, so none is among these.
TEST(JsonText, KnowsWhichListEndsHoweverDeepItLies) {
  for (const std::size_t depth : {1U, 2U, 63U, 64U, 65U, 66U, 130U}) {
    std::string open;
    std::string close;
    for (std::size_t i = 0; i < depth; ++i) {
      const bool object = i % 3 == 1;
      open += object ? R"({"a":)" : "[";
      close.insert(0, object ? "}" : "]");
    }
    EXPECT_FALSE(find_json_error(open + "1" + close)) << depth;
    for (std::size_t i = 0; i < depth; ++i) {
      std::string wrong = close;
      wrong[i] = wrong[i] == '}' ? ']' : '}';
      EXPECT_EQ(find_json_error(open + "1" + wrong), open.size() + 1 + i) << depth;
    }
  }
}

TEST(JsonText, AgreesWithASlowReaderOnBrokenTexts) {
  const std::string whole = R"({"a":[1,-2.5e1,"x\u00e9\n",true,null,{"b":{}}],"c":"é"})";
  std::mt19937 random(7);
  const std::string bytes = "{}[]\",:\\u0e1-.tn \x80\xc3";
  for (int round = 0; round < 5'000; ++round) {
    std::string text = whole;
    for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t at = random() % text.size();
      if (random() % 2 == 0) {
        text[at] = bytes[random() % bytes.size()];
      } else {
        text.erase(at, 1);
      }
    }
    if (text.find('e') != std::string::npos && nlohmann::json::parse(text, nullptr, false).is_discarded() &&
        !find_json_error(text)) {
      // 1e999: beyond its doubles.
      continue;
    }
    EXPECT_EQ(!find_json_error(text), nlohmann::json::accept(text)) << text;
  }
}

TEST(JsonText, SaysWhatIsWrongWithoutTellingTheText) {
  try {
    require_json("data of job paint", "hello");
    FAIL() << "accepted";
  } catch (const ValidationError& error) {
    EXPECT_EQ(
        std::string(error.what()),
        "data of job paint: expected JSON text (a text is written \"in quotes\"), got 5 bytes that are none "
        "from byte 0 on");
  }
}

TEST(Utf8, IsCheckedAsAWhole) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\0\xc3\xa9"s));
  for (const std::string& text : {"\x80"s, "a\xff"s, "\xc3"s, "\xed\xbf\xbf"s, "\xf8\x88\x80\x80\x80"s})
    EXPECT_FALSE(is_utf8(text));
}

}  // namespace
}  // namespace bullmq::detail
