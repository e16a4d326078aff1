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
