#include <gtest/gtest.h>

#include <limits>

#include "shunt/base/json.hpp"

namespace shunt {
namespace {

struct Refusal {
  std::string text;
  std::string code;
  std::string field;  // of the details
  std::string says;   // part of the message
};

TEST(ParseJson, NamesWhatIsWrongAndWhere) {
  const Refusal table[] = {
      {"", "invalid_json", "", "end of the text"},
      {"tru", "invalid_json", "", "\"tru\""},
      {"{} x", "invalid_json", "", "byte 3"},
      {"{\"a\":NaN}", "invalid_json", "", "NaN"},
      {"[-Infinity]", "invalid_json", "", "-Infinity"},
      {"[1,]", "invalid_json", "", "byte 3"},
      {"// c\n1", "invalid_json", "", "byte 0"},
      {"[\"\\ud800\"]", "invalid_json", "", "byte"},
      {"[\"\xC3\x28\"]", "invalid_utf8", "", "byte 2"},
      {"[\"\xED\xA0\x80\"]", "invalid_utf8", "", "byte 2"},
      {"{\"a\":{\"b\":1,\"b\":2}}", "duplicate_key", "", "\"b\""},
      {"{\"a\":[0,9007199254740992]}", "number_out_of_range", "/a/1", "9007199254740992"},
      {"{\"a/b\":{\"~\":-9007199254740993}}", "number_out_of_range", "/a~1b/~0", "-9007199254740993"},
      {"[18446744073709551615]", "number_out_of_range", "/0", "2^53"},
      {"[123456789012345678901234567890]", "number_out_of_range", "/0", "2^53"},
      {"[1e999]", "number_out_of_range", "/0", "Infinity"},
      {std::string(65, '[') + std::string(65, ']'), "json_too_deep", "", "64"},
  };
  for (const Refusal& row : table) {
    const auto parsed = parse_json(row.text);
    ASSERT_FALSE(parsed.ok()) << row.text;
    EXPECT_EQ(parsed.error().code, row.code) << row.text;
    EXPECT_EQ(std::string(parsed.error().details.at("field").as_string()), row.field) << row.text;
    EXPECT_NE(parsed.error().message.find(row.says), std::string::npos) << parsed.error().message;
  }
}

TEST(ParseJson, TakesEverythingThatIsValid) {
  for (const std::string text : {"null", " [ 1 , -0.5e3 ] ", "{\"a\":{\"a\":{}}}", "9007199254740991",
                                 "-9007199254740991", "1e20", "\"\\u00e9\\ud83d\\ude82\"", "[[],[]]"}) {
    EXPECT_TRUE(parse_json(text).ok()) << text;
  }
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_TRUE(parse_json(std::string(100, '[') + std::string(100, ']'), {.max_depth = 100}).ok());
}

TEST(CheckJson, FindsInBuiltValuesWhatParsingWouldRefuse) {
  const std::pair<Json, std::string> table[] = {
      {Json(std::numeric_limits<double>::quiet_NaN()), "NaN"},
      {Json(-std::numeric_limits<double>::infinity()), "-Infinity"},
      {Json(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808"},
      {Json("\xff"), "UTF-8"},
  };
  for (const auto& [value, says] : table) {
    const auto checked = check_json(JsonObject{{"x", JsonArray{value}}}, "/input");
    ASSERT_FALSE(checked.ok()) << says;
    EXPECT_EQ(checked.error().details.at("field"), "/input/x/0");
    EXPECT_NE(checked.error().message.find(says), std::string::npos) << checked.error().message;
  }
  EXPECT_TRUE(check_json(JsonObject{{"x", 1.5}}).ok());
}

}  // namespace
}  // namespace shunt
