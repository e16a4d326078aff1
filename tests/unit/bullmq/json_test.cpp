#include "bullmq/json.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace bullmq {
namespace {

struct Picture {
  std::string title;
  int width = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Picture, title, width)
};

TEST(Json, TurnsValuesIntoTexts) {
  EXPECT_EQ(to_json_text(7), "7");
  EXPECT_EQ(to_json_text("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(to_json_text(nullptr), "null");
  EXPECT_EQ(to_json_text(std::vector<int>{1, 2}), "[1,2]");
  EXPECT_EQ(to_json_text(std::map<std::string, bool>{{"a", true}}), "{\"a\":true}");
  EXPECT_EQ(to_json_text(Picture{"sea", 3}), "{\"title\":\"sea\",\"width\":3}");
}

TEST(Json, TurnsTextsIntoValues) {
  EXPECT_EQ(from_json_text<int>("7"), 7);
  EXPECT_EQ(from_json_text<Picture>(R"({"title":"sea","width":3})").title, "sea");
  EXPECT_EQ(from_json_text(R"({"a":[1]})").at("a").at(0), 1);
}

TEST(Json, WritesTextsThatAreNoUtf8) {
  EXPECT_EQ(to_json_text("a\xff"), "\"a\uFFFD\"");
}

TEST(Json, ThrowsWhenTheTextIsNotTheType) {
  EXPECT_THROW((void)from_json_text<int>("\"x\""), nlohmann::json::exception);
  EXPECT_THROW((void)from_json_text<Picture>("{}"), nlohmann::json::exception);
  EXPECT_THROW((void)from_json_text("{"), nlohmann::json::exception);
}

}  // namespace
}  // namespace bullmq
