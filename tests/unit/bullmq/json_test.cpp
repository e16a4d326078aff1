#include "bullmq/json.hpp"

#include <gtest/gtest.h>

#include <boost/describe/class.hpp>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bullmq {
namespace {

struct Picture {
  std::string title;
  int width = 0;
};

void tag_invoke(const boost::json::value_from_tag&, boost::json::value& json, const Picture& picture) {
  json = {{"title", picture.title}, {"width", picture.width}};
}
Picture tag_invoke(const boost::json::value_to_tag<Picture>&, const boost::json::value& json) {
  return {boost::json::value_to<std::string>(json.at("title")), json.at("width").to_number<int>()};
}

struct Described {
  std::string name;
  std::vector<int> sizes;
};
BOOST_DESCRIBE_STRUCT(Described, (), (name, sizes))

struct Stranger {};

static_assert(JsonWritable<Picture> && JsonReadable<Picture>);
static_assert(JsonWritable<Described> && JsonReadable<Described>);
static_assert(!JsonWritable<Stranger> && !JsonReadable<Stranger>);

TEST(Json, TurnsValuesIntoTexts) {
  EXPECT_EQ(to_json_text(7).text(), "7");
  EXPECT_EQ(to_json_text("a\"b").text(), "\"a\\\"b\"");
  EXPECT_EQ(to_json_text(std::string("a")).text(), "\"a\"");
  EXPECT_EQ(to_json_text(nullptr).text(), "null");
  EXPECT_EQ(to_json_text(0.5).text(), "0.5");
  EXPECT_EQ(to_json_text(std::vector<int>{1, 2}).text(), "[1,2]");
  EXPECT_EQ(to_json_text(std::map<std::string, bool>{{"a", true}}).text(), "{\"a\":true}");
  EXPECT_EQ(to_json_text(Picture{"sea", 3}).text(), "{\"title\":\"sea\",\"width\":3}");
  EXPECT_EQ(to_json_text(Described{"a", {1}}).text(), "{\"name\":\"a\",\"sizes\":[1]}");
  const boost::json::value value = {{"b", 1}, {"a", 2}};
  EXPECT_EQ(to_json_text(value).text(), "{\"b\":1,\"a\":2}");
}

TEST(Json, TurnsTextsIntoValues) {
  EXPECT_EQ(from_json_text<int>("7"), 7);
  EXPECT_EQ(from_json_text<std::string>("\"a\""), "a");
  EXPECT_EQ(from_json_text<Picture>(R"({"title":"sea","width":3})").title, "sea");
  EXPECT_EQ(from_json_text<Described>(R"({"name":"a","sizes":[4]})").sizes, std::vector<int>{4});
  EXPECT_EQ(from_json_text<boost::json::value>(R"({"a":[1]})").at("a").at(0), 1);
}

TEST(Json, WritesTextsThatAreNoUtf8) {
  EXPECT_EQ(to_json_text("a\xff").text(), "\"a\uFFFD\"");
}

TEST(Json, WritesNullForANumberThatIsNone) {
  EXPECT_EQ(to_json_text(std::numeric_limits<double>::infinity()).text(), "null");
}

TEST(Json, ThrowsWhatTheLibraryPromisesWhenTheTextIsNotTheType) {
  EXPECT_THROW((void)from_json_text<int>("\"x\""), JsonError);
  EXPECT_THROW((void)from_json_text<Picture>("{}"), JsonError);
  EXPECT_THROW((void)from_json_text<Picture>(R"({"title":7,"width":3})"), JsonError);
  EXPECT_THROW((void)from_json_text<boost::json::value>("{"), JsonError);
  EXPECT_THROW((void)from_json_text<boost::json::value>(std::string(100'000, '[')), JsonError);
}

TEST(JsonText, IsCheckedWhenItIsMade) {
  EXPECT_EQ(JsonText("{\"a\":1}").text(), "{\"a\":1}");
  EXPECT_THROW(JsonText("hello"), ValidationError);
  EXPECT_THROW(JsonText(""), ValidationError);
  EXPECT_THROW(JsonText("\"\xff\""), ValidationError);
}

TEST(JsonText, IsATextWhereOneIsWanted) {
  std::string text = to_json_text(7);
  text = JsonText("8");
  EXPECT_EQ(text, "8");
  const JsonText kept("9");
  const std::string copy = kept;
  EXPECT_EQ(copy, kept.text());
}

}  // namespace
}  // namespace bullmq
