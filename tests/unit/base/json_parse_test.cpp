#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "shunt/base/json.hpp"

namespace shunt::base {
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
  for (const std::string text :
       {"null", " [ 1 , -0.5e3 ] ", "{\"a\":{\"a\":{}}}", "9007199254740991", "-9007199254740991", "1e20",
        "0e400", "\"\\u00e9\\ud83d\\ude82\"", "[[],[]]"}) {
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

std::string object_of(const std::vector<std::string>& names) {
  std::string text = "{";
  for (const std::string& name : names)
    text.append(text.size() > 1 ? ",\"" : "\"").append(name).append("\":0");
  return text + '}';
}

// Only the low bits of FNV-1a count in a table of 2^n buckets, and bit 5 of a byte (a letter's case) reaches
// none below it: 2^12 names in one of 2^6 buckets each, whatever the table begins with.
std::vector<std::string> names_colliding_everywhere() {
  std::vector<std::string> names;
  for (unsigned bits = 0; bits < 4096; ++bits) {
    std::string name;
    for (unsigned i = 0; i < 12; ++i) name += static_cast<char>(((bits >> i) & 1U) != 0 ? 'A' + 32 : 'A');
    names.push_back(std::move(name));
  }
  return names;
}

TEST(ParseJson, RefusesNamesThatFallTogetherWhateverTheTableBeginsWith) {
  auto names = names_colliding_everywhere();
  names.resize(2048);
  const auto parsed = parse_json(object_of(names));
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code, "colliding_members");
}

TEST(ParseJson, TakesObjectsAsDeepAsItsGreatestLimit) {
  const auto nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += R"({"a":)";
    return text + "1" + std::string(depth, '}');
  };
  for (const std::size_t limit : {255UL, 100'000UL}) {
    EXPECT_TRUE(parse_json(nested(255), {.max_depth = limit}).ok());
    const auto deeper = parse_json(nested(256), {.max_depth = limit});
    ASSERT_FALSE(deeper.ok());
    EXPECT_EQ(deeper.error().code, "json_too_deep");
  }
}

TEST(CheckJson, NamesThePlaceThroughListsAndObjects) {
  JsonObject inner;
  inner["~"] = 0.5;
  inner["c"] = std::numeric_limits<double>::infinity();
  JsonObject value;
  value["before"] = JsonArray{1, JsonArray{}};
  value["a/b"] = JsonArray{JsonArray{1, 2}, inner};
  const auto checked = check_json(value, "/input");
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().details.at("field"), "/input/a~1b/1/c");
}

TEST(ParseJson, TakesLargeObjectsWithHonestNames) {
  for (const std::size_t count : {19UL, 64UL, 1024UL, 4096UL, 20'000UL, 65'536UL}) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("member_" + std::to_string(i));
    EXPECT_TRUE(parse_json(object_of(names)).ok()) << count;
    for (std::size_t i = 0; i < count; ++i) names[i] = "a/b." + std::to_string(i * 64);
    EXPECT_TRUE(parse_json(object_of(names)).ok()) << count;
  }
}

TEST(ParseJson, CountsTheMembersOfEachObjectWithEscapesAndNesting) {
  const JsonLimits limits{.max_members = 3};
  EXPECT_TRUE(parse_json(R"({"a":{"b":1,"c":2,"d":3},"e":[{"f":1},{"f":2}],"g":0})", limits).ok());
  const auto refused = parse_json(R"({"a":{"b":1,"c":2,"\u0064":3,"e":4}})", limits);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "too_many_members");
  EXPECT_EQ(refused.error().details.at("limit"), 3);
}

}  // namespace
}  // namespace shunt::base
