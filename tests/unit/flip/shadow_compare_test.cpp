#include "shunt/flip/shadow_compare.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/message_parts.hpp"

namespace shunt::flip {
namespace {

GenerationRecord succeeded(std::string text, std::string_view result) {
  GenerationRecord record;
  record.state = GenerationState::kSucceeded;
  record.text = std::move(text);
  record.result = *parse_json(result);
  return record;
}

GenerationRecord failed(ErrorCode code) {
  GenerationRecord record;
  record.state = GenerationState::kFailed;
  record.error = Error{code, "no"};
  return record;
}

ShadowRules with_text(ShadowRules::Text text, double band = 0.5) {
  ShadowRules rules;
  rules.text = text;
  rules.length_band = band;
  return rules;
}

struct Row {
  std::string_view control;
  std::string_view candidate;
  ShadowRules rules;
  ShadowClass result;
  std::string_view where;
};

TEST(ShadowCompare, ComparesResultsByTheRulesOfTheModel) {
  using enum ShadowClass;
  const ShadowRules strict;
  const ShadowRules ignoring{.ignore = {"/id", "/choices/*/at", "/gone"}};
  const ShadowRules near_enough{.number_tolerance = 0.01};
  const ShadowRules band = with_text(ShadowRules::Text::kLengthBand);
  const Row table[] = {
      {R"({"a":1})", R"({"a":1})", strict, kEqual, ""},
      {R"({"a":1,"b":2})", R"({"b":2,"a":1})", strict, kEqual, ""},
      {R"({"a":1})", R"({"a":2})", strict, kOtherContent, "/a"},
      {R"({"a":1})", R"({})", strict, kOtherContent, "/a"},
      {R"({})", R"({"a":null})", strict, kOtherContent, "/a"},
      {R"({"a":null})", R"({})", strict, kOtherContent, "/a"},
      {R"({"a/b~":[1]})", R"({"a/b~":[2]})", strict, kOtherContent, "/a~1b~0/0"},
      {R"([1,2])", R"([1])", strict, kOtherContent, "/1"},
      {R"(1)", R"("1")", strict, kOtherContent, "/"},
      {R"(null)", R"({})", strict, kOtherContent, "/"},
      {R"({"id":"x","a":1})", R"({"id":"y","a":1})", ignoring, kEqualByRules, ""},
      {R"({"gone":1})", R"({})", ignoring, kEqualByRules, ""},
      {R"({"id":"x","a":1})", R"({"id":"y","a":2})", ignoring, kOtherContent, "/a"},
      {R"({"b":{"id":1}})", R"({"b":{"id":2}})", ignoring, kOtherContent, "/b/id"},
      {R"({"choices":[{"at":1}]})", R"({"choices":[{"at":2}]})", ignoring, kEqualByRules, ""},
      {R"({"choices":[{"at":1}]})", R"({"choices":[{"at":2},{}]})", ignoring, kOtherContent, "/choices/1"},
      {R"({"choices":[{"at":{"x":1}}]})", R"({"choices":[{"at":{"x":2}}]})", ignoring, kEqualByRules, ""},
      {R"({"s":100.0})", R"({"s":100.9})", near_enough, kEqualByRules, ""},
      {R"({"s":100.0})", R"({"s":101.2})", near_enough, kOtherContent, "/s"},
      {R"({"s":-1})", R"({"s":1})", near_enough, kOtherContent, "/s"},
      {R"({"s":0})", R"({"s":0.0})", near_enough, kEqualByRules, ""},
      {R"({"t":"four"})", R"({"t":"ab"})", band, kEqualByRules, ""},
      {R"({"t":"four"})", R"({"t":"a"})", band, kOtherContent, "/t"},
      {R"({"t":"four"})", R"({"t":4})", band, kOtherContent, "/t"},
  };
  for (const Row& row : table) {
    for (const bool swapped : {false, true}) {
      const auto a = succeeded("", swapped ? row.candidate : row.control);
      const auto b = succeeded("", swapped ? row.control : row.candidate);
      const ShadowFinding found = compare_ends(a, b, row.rules);
      EXPECT_EQ(found.result, row.result) << row.control << " and " << row.candidate;
      EXPECT_EQ(found.where, row.where) << row.control << " and " << row.candidate;
    }
  }
}

TEST(ShadowCompare, ComparesTextByHashByLengthOrNotAtAll) {
  const auto compared = [](std::string a, std::string b, const ShadowRules& rules) {
    return compare_ends(succeeded(std::move(a), "null"), succeeded(std::move(b), "null"), rules).result;
  };
  using Text = ShadowRules::Text;
  EXPECT_EQ(compared("abc", "abc", {}), ShadowClass::kEqual);
  EXPECT_EQ(compared("abc", "abd", {}), ShadowClass::kOtherContent);
  EXPECT_EQ(compared("abc", "abd", with_text(Text::kLengthBand, 1)), ShadowClass::kEqualByRules);
  EXPECT_EQ(compared("abcd", "ab", with_text(Text::kLengthBand, 0.51)), ShadowClass::kOtherContent);
  EXPECT_EQ(compared("abcd", "", with_text(Text::kIgnored)), ShadowClass::kEqualByRules);
}

GenerationRecord calling(std::string id, std::string arguments) {
  GenerationRecord record = succeeded("", "null");
  MessageParts parts;
  parts.tool_calls = {{.index = 0, .id = std::move(id), .name = "f", .arguments = std::move(arguments)}};
  record.parts = std::make_shared<const MessageParts>(std::move(parts));
  return record;
}

TEST(ShadowCompare, ComparesWhatWasSaidBesideText) {
  using Text = ShadowRules::Text;
  EXPECT_EQ(compare_ends(calling("a", "{}"), calling("b", "{}"), {}).result, ShadowClass::kEqual);
  const ShadowFinding other = compare_ends(calling("a", "{}"), calling("a", "{ }"), {});
  EXPECT_EQ(other.result, ShadowClass::kOtherContent);
  EXPECT_EQ(other.where, "/output/tool_calls/0/arguments");
  EXPECT_EQ(compare_ends(calling("a", "{}"), succeeded("", "null"), {}).where, "/output/tool_calls");
  EXPECT_EQ(compare_ends(calling("a", "{}"), calling("a", "{ }"), with_text(Text::kIgnored)).result,
            ShadowClass::kEqualByRules);
}

TEST(ShadowCompare, ComparesHowTheyEnded) {
  const auto good = succeeded("", "1");
  EXPECT_EQ(compare_ends(good, failed("upstream_failed"), {}).result, ShadowClass::kOtherError);
  EXPECT_EQ(compare_ends(failed("upstream_failed"), good, {}).where, "state");
  EXPECT_EQ(compare_ends(failed("upstream_failed"), failed("worker_lost"), {}).where, "error");
  EXPECT_EQ(compare_ends(failed("upstream_failed"), failed("upstream_failed"), {}).result,
            ShadowClass::kEqual);
  auto drawn = succeeded("", "1");
  Artifact& picture = drawn.artifacts.emplace_back();
  picture.name = "a.png";
  picture.media_type = "image/png";
  EXPECT_EQ(compare_ends(good, drawn, {}).where, "artifacts");
  EXPECT_EQ(compare_ends(drawn, drawn, {}).result, ShadowClass::kEqual);
}

}  // namespace
}  // namespace shunt::flip
