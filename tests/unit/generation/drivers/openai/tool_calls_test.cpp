#include "drivers/openai/tool_calls.hpp"

#include <gtest/gtest.h>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::openai {
namespace {

JsonArray list(std::string_view text) {
  return parse_json(text).value().as_array();
}

TEST(ToolCalls, TellEachCallAsItGrows) {
  ToolCalls calls;
  AnswerPieces pieces;
  ASSERT_TRUE(
      calls.take(list(R"([{"index":0,"id":"a","function":{"name":"f","arguments":""}}])"), pieces).ok());
  ASSERT_TRUE(calls.take(list(R"([{"index":0,"function":{"name":"f","arguments":"{}"}}])"), pieces).ok());
  ASSERT_TRUE(
      calls.take(list(R"([{"index":1,"id":"b","function":{"name":"g","arguments":"{\"x\""}}])"), pieces)
          .ok());
  calls.finish(pieces);
  EXPECT_EQ(pieces, (AnswerPieces{ToolCallPiece{0, "a", "f", ""}, ToolCallPiece{1, "b", "g", R"({"x")"},
                                  ToolCallPiece{0, "", "", "{}"}}));
}

TEST(ToolCalls, NumberThemselvesWhereServersDoNot) {
  ToolCalls calls;
  AnswerPieces pieces;
  for (const std::string id : {"a", "b", "c"}) {
    ASSERT_TRUE(calls
                    .take({JsonObject{{"index", 5},
                                      {"id", id},
                                      {"function", JsonObject{{"name", "f"}, {"arguments", "{}"}}}}},
                          pieces)
                    .ok());
  }
  const JsonArray result = calls.result();
  ASSERT_EQ(result.size(), 3U);
  EXPECT_EQ(result[0].at("index"), 5);
  EXPECT_EQ(result[1].at("index"), 6);
  EXPECT_EQ(result[2].at("index"), 7);
}

TEST(ToolCalls, SurviveElementsThatAreNoCalls) {
  ToolCalls calls;
  AnswerPieces pieces;
  ASSERT_TRUE(
      calls
          .take(list(R"([null,7,"x",[],{"function":7,"index":"0","id":null},{"function":{"name":3}}])"),
                pieces)
          .ok());
  EXPECT_LE(calls.result().size(), 2U);
}

TEST(ToolCalls, AreBoundedInTheirNumber) {
  ToolCalls calls;
  AnswerPieces pieces;
  const auto call = [](int i) {
    return JsonArray{JsonObject{{"index", i}, {"function", JsonObject{{"name", "f"}}}}};
  };
  for (int i = 0; i < 1024; ++i) ASSERT_TRUE(calls.take(call(i), pieces).ok());
  const auto refused = calls.take(call(1024), pieces);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, error_code::kUpstreamBroken);
}

}  // namespace
}  // namespace shunt::generation::openai
