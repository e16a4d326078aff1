#include "shunt/generation/input_rules.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using Type = InputRule::Type;

InputRule of_type(Type type) {
  InputRule rule;
  rule.type = type;
  return rule;
}

InputRule with_pattern(std::string pattern) {
  InputRule rule = of_type(Type::kString);
  rule.pattern = std::move(pattern);
  return rule;
}

Result<void> checked(const InputRule& rule, const Json& value) {
  return InputRules::compile({{"x", rule}}).value().check(JsonObject{{"x", value}});
}

TEST(InputRules, LetTheirTypePassAndNothingElse) {
  const std::vector<std::pair<Json, std::vector<Type>>> table = {
      {"text", {Type::kString}},
      {"5", {Type::kString}},
      {5, {Type::kNumber, Type::kInteger}},
      {5.0, {Type::kNumber, Type::kInteger}},
      {-0.0, {Type::kNumber, Type::kInteger}},
      {5.5, {Type::kNumber}},
      {std::uint64_t{7}, {Type::kNumber, Type::kInteger}},
      {std::numeric_limits<double>::infinity(), {}},
      {std::numeric_limits<double>::quiet_NaN(), {}},
      {true, {Type::kBoolean}},
      {nullptr, {}},
      {JsonArray{"a"}, {}},
      {JsonObject{}, {}},
  };
  for (const auto& [value, types] : table) {
    for (const Type type : {Type::kString, Type::kNumber, Type::kInteger, Type::kBoolean}) {
      const bool expected = std::find(types.begin(), types.end(), type) != types.end();
      EXPECT_EQ(checked(of_type(type), value).ok(), expected) << value << ' ' << static_cast<int>(type);
    }
    InputRule any;
    any.any = true;
    EXPECT_EQ(checked(any, value).ok(), value.is_primitive() && !value.is_null()) << value;
  }
}

TEST(InputRules, MatchAPatternAgainstTheWholeValue) {
  const std::vector<std::tuple<const char*, std::string, bool>> table = {
      {"[a-z]+", "en", true},
      {"[a-z]+", "en\n", false},
      {"[a-z]+", "en\nen", false},
      {"[a-z]+$", "en\n", false},
      {"(?m)^[a-z]+$", "en\nrm -rf", false},
      {"[a-z]+", "../../etc/passwd", false},
      {"[a-z]+", "xen", true},
      {"a|ab", "ab", true},
      {"a|b", "ab", false},
      {"^a|b$", "ab", false},
      {".*", "a\nb", false},
      {"(?s).*", "a\nb", true},
      {".*", "a\xFF", false},
      {"(?s).*\\S.*", " \n\t", false},
      {"(?s).*\\S.*", " \n.", true},
      {"[a-z]*", "", true},
      {"\\w+", "\u00e4", false},
  };
  for (const auto& [pattern, value, passes] : table) {
    EXPECT_EQ(checked(with_pattern(pattern), Json(boost::json::string_view(value))).ok(), passes)
        << pattern << " and " << value;
  }
}

TEST(InputRules, LookAtTheLengthFirstAndCountCharacters) {
  InputRule rule = with_pattern("[a-z]*");
  rule.min_length = 2;
  rule.max_length = 3;
  EXPECT_TRUE(checked(rule, "abc").ok());
  for (const char* value : {"a", "abcd", "", "ABCD"}) {
    const auto result = checked(rule, value);
    ASSERT_FALSE(result.ok()) << value;
    EXPECT_TRUE(std::string(result.error().details.at("rule").as_string()).ends_with("_length")) << value;
  }
  InputRule three = of_type(Type::kString);
  three.max_length = 3;
  EXPECT_TRUE(checked(three, "\u00e4\u20ac\U0001F600").ok()) << "nine bytes, three characters";
}

TEST(InputRules, HoldNumbersBetweenTheirBounds) {
  InputRule rule = of_type(Type::kInteger);
  rule.minimum = -2;
  rule.maximum = 5;
  for (const auto& [value, passes] : std::vector<std::pair<Json, bool>>{
           {-3, false}, {-2, true}, {5, true}, {5.0, true}, {6, false}, {4.5, false}}) {
    EXPECT_EQ(checked(rule, value).ok(), passes) << value;
  }
}

TEST(InputRules, KnowChoicesRequiredMembersAndNul) {
  InputRule rule = of_type(Type::kString);
  rule.choices = {"en", "de"};
  EXPECT_TRUE(checked(rule, "de").ok());
  EXPECT_FALSE(checked(rule, "DE").ok());
  EXPECT_FALSE(checked(rule, "").ok());
  InputRule needed = of_type(Type::kString);
  EXPECT_TRUE(InputRules::compile({{"x", needed}}).value().check(JsonObject{}).ok());
  needed.required = true;
  EXPECT_FALSE(InputRules::compile({{"x", needed}}).value().check(JsonObject{}).ok());
  const Json nul(std::string_view("a\0b", 3));
  EXPECT_FALSE(checked(of_type(Type::kString), nul).ok());
  InputRule with_nul = of_type(Type::kString);
  with_nul.allow_nul = true;
  EXPECT_TRUE(checked(with_nul, nul).ok());
}

TEST(InputRules, NameTheMemberTheRuleAndWhatCame) {
  InputRule rule = of_type(Type::kString);
  rule.max_length = 5;
  const auto result = InputRules::compile({{"a/b~c", rule}}).value().check(JsonObject{{"a/b~c", "too long"}});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, error_code::kInvalidInput);
  EXPECT_EQ(result.error().details.at("field"), "/input/a~1b~0c");
  EXPECT_EQ(result.error().details.at("rule"), "max_length");
  EXPECT_EQ(result.error().details.at("limit"), 5U);
  EXPECT_EQ(result.error().message, "input.a/b~c must have at most 5 characters; got 8 characters");
}

TEST(InputRules, QuoteOnlyTheBeginningOfALongValue) {
  const std::string value(100'000, 'x');
  const auto result = checked(with_pattern("y"), Json(boost::json::string_view(value)));
  ASSERT_FALSE(result.ok());
  EXPECT_LT(result.error().message.size(), 200U);
}

TEST(InputRules, RefuseRulesThatCannotBe) {
  InputRule untyped;
  InputRule both = of_type(Type::kString);
  both.any = true;
  InputRule pattern_of_number = of_type(Type::kNumber);
  pattern_of_number.pattern = "a";
  InputRule range_of_text = of_type(Type::kString);
  range_of_text.minimum = 1;
  InputRule crossed = of_type(Type::kNumber);
  crossed.minimum = 2;
  crossed.maximum = 1;
  InputRule crossed_length = of_type(Type::kString);
  crossed_length.min_length = 2;
  crossed_length.max_length = 1;
  const std::vector<std::pair<InputRule, const char*>> table = {
      {untyped, "/x/type"},
      {both, "/x/type"},
      {pattern_of_number, "/x/pattern"},
      {range_of_text, "/x/minimum"},
      {crossed, "/x/minimum"},
      {crossed_length, "/x/min_length"},
      {with_pattern("["), "/x/pattern"},
      {with_pattern("(a)\\1"), "/x/pattern"},
      {with_pattern("(?=a)"), "/x/pattern"},
      {with_pattern("((a{0,100}){0,100}){0,100}"), "/x/pattern"},
  };
  for (const auto& [rule, field] : table) {
    const auto made = InputRules::compile({{"x", rule}});
    ASSERT_FALSE(made.ok()) << field << ' ' << rule.pattern;
    EXPECT_EQ(made.error().details.at("field"), field);
  }
}

// An engine that goes back would need longer than the universe has.
TEST(InputRules, MatchInLinearTime) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string value = std::string(900'000, 'a') + '!';
  EXPECT_FALSE(checked(with_pattern("(a*)*(a|aa)+(a?){50}b"), Json(boost::json::string_view(value))).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace shunt::generation
