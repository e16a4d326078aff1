#include <gtest/gtest.h>

#include "shunt/base/json.hpp"

namespace shunt {
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

TEST(WriteJson, IndentsForPeople) {
  EXPECT_EQ(to_pretty_json(JsonObject{{"a", JsonArray{1, JsonObject{}}}, {"b", JsonArray{}}}),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
}

}  // namespace
}  // namespace shunt
