#include "core/bounded_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bullmq::detail {
namespace {

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

TEST(BoundedJson, TakesWhatIsNotTooDeep) {
  EXPECT_TRUE(parse_bounded_json(nested(kMaxJsonDepth)).is_array());
  EXPECT_TRUE(parse_bounded_json("{\"a\":[{}]}").is_object());
}

TEST(BoundedJson, DiscardsWhatIsTooDeep) {
  EXPECT_TRUE(parse_bounded_json(nested(kMaxJsonDepth + 1)).is_discarded());
  EXPECT_TRUE(parse_bounded_json(nested(5'000'000)).is_discarded());
}

TEST(BoundedJson, CountsNoBracketsInTexts) {
  const std::string brackets(5'000, '[');
  for (const std::string& text :
       {"\"" + brackets + "\"", "[\"\\\"" + brackets + "\"]", "{\"" + brackets + "\":1}"})
    EXPECT_FALSE(parse_bounded_json(text).is_discarded());
}

TEST(BoundedJson, CountsDepthAndNotNumber) {
  std::string wide = "[";
  for (int i = 0; i < 5'000; ++i) wide += "[],";
  EXPECT_TRUE(parse_bounded_json(wide + "[]]").is_array());
}

TEST(BoundedJson, DiscardsWhatIsNoJson) {
  for (const char* text : {"", "{", "]", "]]]]", "nul", "\"\\", "[1,]", "{\"a\"}", "1e999", "\xff"})
    EXPECT_TRUE(parse_bounded_json(text).is_discarded()) << text;
}

}  // namespace
}  // namespace bullmq::detail
