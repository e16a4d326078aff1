#include "bullmq/nlohmann.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace bullmq {
namespace {

struct Picture {
  std::string title;
  int width = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Picture, title, width)
};

static_assert(JsonWritable<Picture> && JsonReadable<Picture>);
static_assert(JsonWritable<nlohmann::json> && JsonReadable<nlohmann::ordered_json>);

TEST(NlohmannAdapter, TurnsValuesIntoTexts) {
  EXPECT_EQ(to_json_text(Picture{"sea", 3}).text(), "{\"title\":\"sea\",\"width\":3}");
  EXPECT_EQ(to_json_text(nlohmann::json{{"a", {1, 2}}}).text(), "{\"a\":[1,2]}");
  EXPECT_EQ(to_json_text(nlohmann::json("a\xff")).text(), "\"a\uFFFD\"");
}

TEST(NlohmannAdapter, TurnsTextsIntoValues) {
  EXPECT_EQ(from_json_text<Picture>(R"({"title":"sea","width":3})").title, "sea");
  EXPECT_EQ(from_json_text<nlohmann::json>(R"({"a":[1]})").at("a").at(0), 1);
  EXPECT_EQ(from_json_text<nlohmann::ordered_json>(R"({"b":1,"a":2})").dump(), R"({"b":1,"a":2})");
}

TEST(NlohmannAdapter, LeavesToBoostWhatBoostConverts) {
  EXPECT_EQ(to_json_text(std::vector<int>{1, 2}).text(), "[1,2]");
  EXPECT_EQ(from_json_text<std::vector<int>>("[1]"), std::vector<int>{1});
}

TEST(NlohmannAdapter, ThrowsWhatTheLibraryPromises) {
  EXPECT_THROW((void)from_json_text<Picture>("{}"), JsonError);
  EXPECT_THROW((void)from_json_text<nlohmann::json>("{"), JsonError);
}

}  // namespace
}  // namespace bullmq
