#include "drivers/openai/delta_merge.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

Json json(std::string_view text) {
  return parse_json(text).value();
}

Json merged(const std::vector<std::string_view>& pieces) {
  JsonObject whole;
  for (const auto piece : pieces) EXPECT_TRUE(merge_delta(whole, json(piece).get_object()).ok());
  return whole;
}

TEST(DeltaMerge, GrowsStrings) {
  EXPECT_EQ(merged({R"({"refusal":"I "})", R"({"refusal":"won't"})"}), json(R"({"refusal":"I won't"})"));
}

TEST(DeltaMerge, KeepsWhatServersRepeatInEveryPiece) {
  EXPECT_EQ(merged({R"({"id":"a","type":"function"})", R"({"id":"a","type":"function"})"}),
            json(R"({"id":"a","type":"function"})"));
}

TEST(DeltaMerge, TakesAnUnknownTextForAConstant) {
  EXPECT_EQ(merged({R"({"format":"v1","signature":""})", R"({"format":"v1","signature":"c2ln"})",
                    R"({"format":""})"}),
            json(R"({"format":"v1","signature":"c2ln"})"));
}

TEST(DeltaMerge, JoinsElementsByTheirIndexAndType) {
  EXPECT_EQ(
      merged({R"({"images":[{"index":0,"type":"image","data":"QU"}]})",
              R"({"images":[{"index":1,"type":"image","data":"Qk"},{"index":0,"data":"E="}]})",
              R"({"images":[{"index":0,"type":"mask","data":"x"}]})"}),
      json(R"({"images":[{"index":0,"type":"image","data":"QUE="},{"index":1,"type":"image","data":"Qk"},
                               {"index":0,"type":"mask","data":"x"}]})"));
}

TEST(DeltaMerge, AppendsElementsWithoutAnIndex) {
  EXPECT_EQ(merged({R"({"content":[{"token":"a"}]})", R"({"content":[{"token":"b"},{"token":"b"}]})"}),
            json(R"({"content":[{"token":"a"},{"token":"b"},{"token":"b"}]})"));
}

TEST(DeltaMerge, IgnoresNullAndReplacesOtherKinds) {
  EXPECT_EQ(merged({R"({"a":1,"b":"x","c":{"d":1}})", R"({"a":2,"b":null,"c":[1]})"}),
            json(R"({"a":2,"b":"x","c":[1]})"));
}

TEST(DeltaMerge, TellsBeforehandWhatAPieceChanges) {
  struct Case {
    std::string_view key, known, piece;
    bool changes;
  };
  for (const Case& c :
       {Case{"a", "1", "1", false}, Case{"a", "1", "2", true}, Case{"a", "1", "null", false},
        Case{"a", "\"x\"", "\"x\"", false}, Case{"a", "\"x\"", "\"\"", false},
        Case{"a", "\"x\"", "\"y\"", true}, Case{"text", "\"x\"", "\"x\"", true},
        Case{"text", "\"x\"", "\"\"", false}, Case{"a", "[1]", "[]", false}, Case{"a", "[1]", "[2]", true},
        Case{"a", "{\"b\":1}", "{\"b\":1}", false}, Case{"a", "{\"b\":1}", "{\"c\":null}", false},
        Case{"a", "{\"b\":1}", "{\"c\":1}", true}, Case{"a", "1", "\"1\"", true}}) {
    const Json known = json(c.known);
    EXPECT_EQ(changes(&known, c.key, json(c.piece)), c.changes) << c.known << c.piece;
    JsonObject whole{{c.key, known}};
    ASSERT_TRUE(merge_delta(whole, {{c.key, json(c.piece)}}).ok());
    EXPECT_EQ(whole.at(c.key) != known, c.changes) << c.known << c.piece;
  }
  EXPECT_TRUE(changes(nullptr, "a", json("0")));
  EXPECT_FALSE(changes(nullptr, "a", json("null")));
}

TEST(DeltaMerge, BoundsTheMembersThatManyPiecesBring) {
  JsonObject whole;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(merge_delta(whole, {{"k" + std::to_string(i), i}}).ok());
  EXPECT_EQ(whole.size(), 256U);
}

TEST(DeltaMerge, BoundsTheNumberOfIndexedElements) {
  JsonObject whole;
  for (int i = 0; i < 1024; ++i) {
    ASSERT_TRUE(merge_delta(whole, {{"images", JsonArray{JsonObject{{"index", i}}}}}).ok());
  }
  const auto refused = merge_delta(whole, {{"images", JsonArray{JsonObject{{"index", 5000}}}}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, error_code::kUpstreamBroken);
}

}  // namespace
}  // namespace shunt::generation::openai
