// Rules within rules, defaults, files, and the schema that tells of them.
#include "input_schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation {
namespace {

using ::testing::HasSubstr;
using Type = InputRule::Type;

InputRule of_type(Type type) {
  InputRule rule;
  rule.type = type;
  return rule;
}

// {"messages": [{"role": "user", "content": ...}, ...], "tags": ["a", ...]}
std::map<std::string, InputRule> chat_rules() {
  InputRule role = of_type(Type::kString);
  role.required = true;
  role.choices = {"system", "user", "assistant"};
  InputRule message = of_type(Type::kObject);
  message.properties = {{"role", role}, {"content", of_type(Type::kJson)}};
  message.unlisted = Unlisted::kRefuse;
  InputRule messages = of_type(Type::kArray);
  messages.required = true;
  messages.min_items = 1;
  messages.max_items = 3;
  messages.items = {message};
  InputRule tag = of_type(Type::kString);
  tag.max_length = 4;
  tag.pattern = "[a-z]+";
  InputRule tags = of_type(Type::kArray);
  tags.items = {tag};
  InputRule image = of_type(Type::kFile);
  image.types = {"image/png", "audio/*"};
  image.max_bytes = 100;
  image.urls = {InputRule::Url::kHttps, InputRule::Url::kData};
  image.url_hosts = {"*.example.com"};
  InputRule temperature = of_type(Type::kNumber);
  temperature.minimum = 0;
  temperature.maximum = 2;
  temperature.default_value = 0.5;
  temperature.description = "how free";
  return {{"messages", messages}, {"tags", tags}, {"image", image}, {"temperature", temperature}};
}

InputRules rules_of(std::map<std::string, InputRule> rules, Unlisted unlisted = Unlisted::kPass) {
  auto compiled = InputRules::compile(std::move(rules), unlisted);
  EXPECT_TRUE(compiled.ok()) << compiled.error().message;
  return std::move(*compiled);
}

struct Broken {
  std::string input;
  std::string pointer;
  std::string rule;
  std::string words;
};

class BrokenInput : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenInput, IsRefusedByItsPlaceRuleAndValue) {
  const auto checked = rules_of(chat_rules()).check(parse_json(GetParam().input).value());
  ASSERT_FALSE(checked.ok()) << GetParam().input;
  EXPECT_EQ(checked.error().code, error_code::kInvalidInput);
  EXPECT_EQ(checked.error().details.at("field"), boost::json::string_view(GetParam().pointer));
  EXPECT_EQ(checked.error().details.at("rule"), boost::json::string_view(GetParam().rule));
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    , BrokenInput,
    ::testing::Values(
        Broken{"{}", "/input/messages", "required", "input.messages is required"},
        Broken{R"({"messages":"hello"})", "/input/messages", "type", "must be an array; got \"hello\""},
        Broken{R"({"messages":[]})", "/input/messages", "min_items", "at least 1 element; got 0 elements"},
        Broken{R"({"messages":[{},{},{},{}]})", "/input/messages", "max_items", "at most 3 elements; got 4"},
        Broken{R"({"messages":[{"role":"user"},7]})", "/input/messages/1", "type",
               "input.messages[1] must be an object; got 7"},
        Broken{R"({"messages":[{"role":"user"},{}]})", "/input/messages/1/role", "required",
               "input.messages[1].role is required"},
        Broken{R"({"messages":[{"role":"robot"}]})", "/input/messages/0/role", "enum",
               "must be one of \"system\", \"user\", \"assistant\"; got \"robot\""},
        Broken{R"({"messages":[{"role":"user","contents":1}]})", "/input/messages/0/contents", "unlisted",
               "input.messages[0].contents is not known"},
        Broken{R"({"messages":[{"role":"user"}],"tags":["ok","B"]})", "/input/tags/1", "pattern",
               "input.tags[1] must match"},
        Broken{R"({"messages":[{"role":"user"}],"tags":["abcde"]})", "/input/tags/0", "max_length",
               "at most 4 characters; got 5 characters"},
        Broken{R"({"messages":[{"role":"user"}],"temperature":3})", "/input/temperature", "maximum",
               "must be at most 2; got 3"}));

TEST(InputSchema, WhatKeepsTheRulesPasses) {
  const InputRules rules = rules_of(chat_rules());
  EXPECT_TRUE(rules
                  .check(parse_json(R"({"messages":[{"role":"user","content":[{"type":"text"}]}],)"
                                    R"("tags":["a"],"temperature":2,"other":{}})")
                             .value())
                  .ok());
}

TEST(InputSchema, MembersWithoutARuleMayBeRefused) {
  const InputRules rules = rules_of({{"prompt", of_type(Type::kString)}}, Unlisted::kRefuse);
  EXPECT_TRUE(rules.check(JsonObject{{"prompt", "x"}}).ok());
  const auto checked = rules.check(JsonObject{{"promt", "x"}});
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().message, "input.promt is not known");
  EXPECT_FALSE(rules_of({}, Unlisted::kRefuse).check(JsonObject{{"x", 1}}).ok());
}

TEST(InputSchema, ADefaultFillsInAndAValueStays) {
  const InputRules rules = rules_of(chat_rules());
  Json input = JsonObject{{"tags", JsonArray{}}};
  rules.fill_defaults(input);
  EXPECT_EQ(input, parse_json(R"({"tags":[],"temperature":0.5})").value());
  input = JsonObject{{"temperature", 1}};
  rules.fill_defaults(input);
  EXPECT_EQ(input.at("temperature"), Json(1));
  input = "no object";
  rules.fill_defaults(input);
  EXPECT_EQ(input, Json("no object"));
}

TEST(InputSchema, AFileIsCheckedByTypeAndSize) {
  const InputRules rules = rules_of(chat_rules());
  EXPECT_EQ(rules.files(), std::vector<std::string>{"image"});
  EXPECT_TRUE(rules.check_file("image", "image/png", 100).ok());
  EXPECT_TRUE(rules.check_file("image", "IMAGE/PNG; x=y", 0).ok());
  EXPECT_TRUE(rules.check_file("image", "audio/wav", 1).ok());
  const auto large = rules.check_file("image", "image/png", 101);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().message, "input.image must have at most 100 bytes; got 101");
  EXPECT_EQ(large.error().details.at("limit"), 100);
  const auto other = rules.check_file("image", "image/pngx", 1);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().message, "input.image must be of image/png, audio/*; got \"image/pngx\"");
  EXPECT_EQ(rules.check_file("tags", "image/png", 1).error().message, "input.tags is no file of this model");
  EXPECT_FALSE(InputRules().check_file("image", "image/png", 1).ok());
  EXPECT_TRUE(InputRules().files().empty());
}

TEST(InputSchema, AFileComesBesideTheInputAndNotWithinIt) {
  InputRule image = of_type(Type::kFile);
  image.required = true;
  image.types = {"image/*"};
  const InputRules rules = rules_of({{"image", image}}, Unlisted::kRefuse);
  const FileReference png{
      .sha256 = std::string(64, 'a'), .bytes = 1, .media_type = "image/png", .filename = ""};
  EXPECT_FALSE(rules.check(JsonObject{}).ok());
  EXPECT_TRUE(rules.check(JsonObject{}, {{"image", png}}).ok());
  EXPECT_FALSE(rules.check(JsonObject{{"image", "/etc/passwd"}}).ok()) << "no path, and no address either";
  EXPECT_FALSE(rules.check(JsonObject{{"image", "/etc/passwd"}}, {{"image", png}}).ok());
  EXPECT_FALSE(rules.check(JsonObject{}, {{"image", png}, {"more", png}}).ok());
}

TEST(InputSchema, HostsAreComparedAsNamesAre) {
  EXPECT_TRUE(is_host_in("anywhere.test", {}));
  const std::vector<std::string> listed{"example.com", "*.cdn.test"};
  for (const char* host : {"example.com", "EXAMPLE.com", "example.com.", "a.cdn.test", "a.b.cdn.test"})
    EXPECT_TRUE(is_host_in(host, listed)) << host;
  for (const char* host :
       {"www.example.com", "example.com.evil.test", "cdn.test", "xcdn.test", ".cdn.test", ""})
    EXPECT_FALSE(is_host_in(host, listed)) << host;
  for (const char* pattern : {"example.com", "*.example.com", "localhost", "127.0.0.1"})
    EXPECT_TRUE(is_host_pattern(pattern)) << pattern;
  for (const char* pattern : {"", "*", "*.", "a b", "https://x", "x/y", "[::1]", "x:443", "*.*.x", "x."})
    EXPECT_FALSE(is_host_pattern(pattern)) << pattern;
}

TEST(InputSchema, IsJsonSchema) {
  EXPECT_EQ(Json(rules_of(chat_rules(), Unlisted::kRefuse).schema()), parse_json(R"({
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object", "required": ["messages"], "additionalProperties": false,
    "properties": {
      "image": {"type": "string", "format": "binary", "x-shunt-types": ["image/png", "audio/*"],
                "x-shunt-max-bytes": 100, "x-shunt-urls": ["https", "data"],
                "x-shunt-url-hosts": ["*.example.com"]},
      "messages": {
        "type": "array", "minItems": 1, "maxItems": 3,
        "items": {
          "type": "object", "required": ["role"], "additionalProperties": false,
          "properties": {
            "content": {},
            "role": {"type": "string", "enum": ["system", "user", "assistant"]}}}},
      "tags": {"type": "array", "items": {"type": "string", "maxLength": 4, "pattern": "^(?:[a-z]+)$"}},
      "temperature": {"type": "number", "minimum": 0, "maximum": 2, "default": 0.5, "description": "how free"}}})")
                                                                          .value());
}

// What JavaScript reads otherwise is no `pattern`.
TEST(InputSchema, APatternIsOnlyThereWhereItMeansTheSame) {
  for (const char* pattern : {"[a-z]+", "(?:a|b)*", "[\\w\\-]+", "\\d{2,3}", "a\\.b"})
    EXPECT_TRUE(is_portable_pattern(pattern)) << pattern;
  for (const char* pattern : {"(?s).*", "(?i)a", "(?P<n>a)", "\\A.*\\z", "[[:alpha:]]", "\\pL", "\\Qa\\E",
                              "[_[:alnum:]]+", "a\\@b", "a\\-b", "\\S+"})
    EXPECT_FALSE(is_portable_pattern(pattern)) << pattern;
  InputRule rule = of_type(Type::kString);
  rule.pattern = "(?s).*";
  const JsonObject schema = rules_of({{"x", rule}}).schema();
  const JsonObject& of = schema.at("properties").at("x").as_object();
  EXPECT_FALSE(of.contains("pattern"));
  EXPECT_EQ(of.at("x-shunt-pattern"), "(?s).*");
}

TEST(InputSchema, ARuleThatCannotBeIsRefusedByItsSetting) {
  const auto field_of = [](InputRule rule) {
    const auto compiled = InputRules::compile({{"x", std::move(rule)}});
    return compiled ? std::string() : std::string(compiled.error().details.at("field").as_string());
  };
  InputRule rule = of_type(Type::kArray);
  rule.pattern = "a";
  EXPECT_EQ(field_of(rule), "/x/pattern");
  rule = of_type(Type::kString);
  rule.items = {of_type(Type::kString)};
  EXPECT_EQ(field_of(rule), "/x/items");
  rule = of_type(Type::kArray);
  rule.min_items = 2;
  rule.max_items = 1;
  EXPECT_EQ(field_of(rule), "/x/min_items");
  rule = of_type(Type::kInteger);
  rule.maximum = 3;
  rule.default_value = 4;
  EXPECT_EQ(field_of(rule), "/x/default");
  rule.default_value = 3;
  rule.required = true;
  EXPECT_EQ(field_of(rule), "/x/default") << "never used";
  rule = of_type(Type::kFile);
  rule.types = {"png"};
  EXPECT_EQ(field_of(rule), "/x/types");
  rule = of_type(Type::kFile);
  rule.url_hosts = {"example.com"};
  EXPECT_EQ(field_of(rule), "/x/url_hosts") << "never used";
  rule.urls = {InputRule::Url::kHttps};
  EXPECT_EQ(field_of(rule), "");
  rule.url_hosts = {"https://example.com"};
  EXPECT_EQ(field_of(rule), "/x/url_hosts");
  rule = of_type(Type::kString);
  rule.urls = {InputRule::Url::kData};
  EXPECT_EQ(field_of(rule), "/x/urls");
  rule = of_type(Type::kArray);
  rule.items = {of_type(Type::kFile)};
  EXPECT_EQ(field_of(rule), "/x/items/type");
  rule = of_type(Type::kArray);
  rule.items = {of_type(Type::kInteger)};
  rule.items.front().default_value = 3;
  EXPECT_EQ(field_of(rule), "/x/items/default") << "nothing could be filled in";
  rule = of_type(Type::kObject);
  rule.properties["a/b"] = InputRule{};
  EXPECT_EQ(field_of(rule), "/x/properties/a~1b/type");
  rule = of_type(Type::kString);
  for (std::size_t depth = 0; depth <= kMaxRuleDepth; ++depth) {
    InputRule outer = of_type(Type::kArray);
    outer.items = {rule};
    rule = outer;
  }
  EXPECT_THAT(field_of(rule), HasSubstr("/items/type"));
}

// The best of several looks, since others use the machine too.
TEST(InputSchema, TakesTimeInProportionToTheInput) {
  const InputRules rules = rules_of(chat_rules());
  const auto time_of = [&rules](std::size_t count) {
    JsonArray tags;
    for (std::size_t i = 0; i < count; ++i) tags.emplace_back("abc");
    const Json input =
        JsonObject{{"messages", JsonArray{JsonObject{{"role", "user"}}}}, {"tags", std::move(tags)}};
    double best = std::numeric_limits<double>::max();
    for (int i = 0; i < 10; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      EXPECT_TRUE(rules.check(input).ok());
      best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    }
    return best;
  };
  EXPECT_LT(time_of(100'000), 40 * time_of(10'000) + 0.05);
}

}  // namespace
}  // namespace shunt::generation
