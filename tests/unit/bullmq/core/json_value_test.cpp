#include "core/json_value.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace bullmq::detail {
namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(ParseJson, TakesWhatIsNotTooDeep) {
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth))->is_array());
  EXPECT_TRUE(parse_json("{\"a\":[{}]}")->is_object());
}

TEST(ParseJson, RefusesWhatIsTooDeep) {
  EXPECT_FALSE(parse_json(nested(kMaxJsonDepth + 1)));
  EXPECT_FALSE(parse_json(nested(5'000'000)));
}

TEST(ParseJson, CountsNoBracketsInTexts) {
  const std::string brackets(5'000, '[');
  for (const std::string& text :
       {"\"" + brackets + "\"", "[\"\\\"" + brackets + "\"]", "{\"" + brackets + "\":1}"})
    EXPECT_TRUE(parse_json(text));
}

TEST(ParseJson, CountsDepthAndNotNumber) {
  std::string wide = "[";
  for (int i = 0; i < 5'000; ++i) wide += "[],";
  EXPECT_TRUE(parse_json(wide + "[]]")->is_array());
}

TEST(ParseJson, RefusesWhatIsNoJson) {
  for (const char* text :
       {"", "{", "]", "]]]]", "nul", "\"\\", "[1,]", "{\"a\"}", "1e999", "\xff", "1 2", "{}x"})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST(ParseJson, AllowsBlanksAround) {
  EXPECT_TRUE(parse_json(" \n[1] \t\r\n")->is_array());
}

TEST(ParseJson, TakesTheLastOfTwoMembersWithOneName) {
  EXPECT_EQ(write_json(*parse_json(R"({"a":1,"b":2,"a":3})"), MemberOrder::sorted), R"({"a":3,"b":2})");
}

TEST(ParseJson, KnowsAnObjectFromOthers) {
  EXPECT_TRUE(parse_json_object("{}"));
  for (const char* text : {"[]", "null", "7", "\"{}\"", "{"}) EXPECT_FALSE(parse_json_object(text)) << text;
}

// Boost.JSON 1.81 by itself reads some of these a few units in the last place away.
TEST(ParseJson, ReadsTheNumberThatWasWritten) {
  for (const char* text :
       {"0.1", "0.3", "1.1234567890123457", "0.30000000000000004", "5e-324", "1.7976931348623157e+308",
        "-0.5", "1e+22", "18446744073709551615", "-9223372036854775808", "9007199254740993"})
    EXPECT_EQ(write_json(*parse_json(text)), text);
}

// As JavaScript does: a double that is whole and an integer are one number, and get one text.
TEST(WriteJson, WritesOneNumberOneWay) {
  const std::vector<std::pair<std::string, std::string>> kSame{
      {"7e9", "7000000000"},
      {"0.000007000000e+15", "7000000000"},
      {"-1.5e3", "-1500"},
      {"1.0", "1"},
      {"-0.0", "0"},
      {"-0", "0"},
      {"1e20", "100000000000000000000"},
      {"9.5e20", "950000000000000000000"},
      {"1e21", "1e+21"},
      {"-1e21", "-1e+21"},
      {"0.25e1", "2.5"},
      {"0e400", "0"},
  };
  for (const auto& [read, written] : kSame) EXPECT_EQ(write_json(*parse_json(read)), written) << read;
}

TEST(WriteJson, EscapesWhatMayNotStandInAString) {
  std::string all = "a\"\\\n\r\t\b\f\x01";
  all += "\xC3\xBC";
  EXPECT_EQ(write_json(JsonValue(boost::json::string_view(all))),
            "\"a\\\"\\\\\\n\\r\\t\\b\\f\\u0001\xC3\xBC\"");
}

TEST(WriteJson, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(write_json(JsonValue("a\xff\xe2\x82z")), "\"a\uFFFD\uFFFD\uFFFDz\"");
}

TEST(WriteJson, WritesNullForANumberThatIsNone) {
  EXPECT_EQ(write_json(JsonValue(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(write_json(JsonValue(std::numeric_limits<double>::quiet_NaN())), "null");
}

TEST(WriteJson, KeepsOrSortsMembers) {
  const auto value = *parse_json(R"({"b":{"d":[],"c":{}},"a":[true,null]})");
  EXPECT_EQ(write_json(value), R"({"b":{"d":[],"c":{}},"a":[true,null]})");
  EXPECT_EQ(write_json(value, MemberOrder::sorted), R"({"a":[true,null],"b":{"c":{},"d":[]}})");
}

}  // namespace
}  // namespace bullmq::detail
