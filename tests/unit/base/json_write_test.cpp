#include <gtest/gtest.h>

#include <cstdlib>
#include <utility>

#include "shunt/base/json.hpp"

namespace shunt::base {
namespace {

TEST(WriteJson, ReadsBackEqual) {
  for (const std::string text :
       {R"({"a":[1,2.5,-0.001,1e+300,true,false,null],"b":{},"c":[],"d":"é\n\"\\\u0001"})", "0.1", "[]"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(to_json_text(*value), text);
    EXPECT_EQ(*parse_json(to_pretty_json(*value)), *value);
  }
}

TEST(WriteJson, WritesNumbersAsPeopleDo) {
  EXPECT_EQ(to_json_text(0.5), "0.5");
  EXPECT_EQ(to_json_text(3.0), "3");
  EXPECT_EQ(to_json_text(1.0 / 3), "0.3333333333333333");
}

// What is sealed is opened again by a reader that refuses integers which no double holds.
TEST(WriteJson, WritesTheNumberThatWasRead) {
  for (const char* text :
       {"0.1", "1.7976931348623157e+308", "5e-324", "2.2250738585072014e-308", "0.30000000000000004",
        "6.02214076e+23", "8.41470984807896e-05", "-179.8234567891011"}) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(value->get_double(), std::strtod(text, nullptr)) << text;
    EXPECT_EQ(to_json_text(*value), text);
  }
}

TEST(WriteJson, KeepsALargeDoubleADouble) {
  const std::pair<const char*, const char*> kCases[] = {
      {"1.2345678901234568e20", "123456789012345683968.0"},
      {"9007199254740994.0", "9007199254740994.0"},
      {"-9007199254740992.0", "-9007199254740992.0"},
      {"9007199254740991.0", "9007199254740991"},
      {"1e22", "1e+22"},
      {"-0.0", "-0.0"},
      {"0.0", "0"},
  };
  for (const auto& [text, written] : kCases) {
    const auto value = parse_json(text);
    ASSERT_TRUE(value.ok()) << text;
    EXPECT_EQ(to_json_text(*value), written);
    const auto again = parse_json(written);
    ASSERT_TRUE(again.ok()) << written;
    EXPECT_EQ(to_json_text(*again), written);
  }
}

TEST(WriteJson, EscapesEveryByteThatMustBeWhereverItStands) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t length = 1; length < 36; ++length) {
      for (std::size_t at = 0; at < length; ++at) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(byte);
        std::string written;
        append_json_string(written, text);
        const bool is_plain = byte >= 0x20 && byte != '"' && byte != '\\';
        ASSERT_EQ(written == '"' + text + '"', is_plain) << byte << " at " << at << " of " << length;
        ASSERT_EQ(parse_json(written).value(), Json(text)) << written;
      }
    }
  }
}

TEST(WriteJson, IndentsForPeople) {
  EXPECT_EQ(to_pretty_json(JsonObject{{"a", JsonArray{1, JsonObject{}}}, {"b", JsonArray{}}}),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

}  // namespace
}  // namespace shunt::base
