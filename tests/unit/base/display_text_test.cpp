#include "shunt/base/display_text.hpp"

#include <gtest/gtest.h>

#include <string>

#include "shunt/base/json.hpp"

namespace shunt::base {
namespace {

TEST(DisplayText, AnExcerptIsTheTextOrItsBeginningAndItsSize) {
  EXPECT_EQ(excerpt("short"), "short");
  EXPECT_EQ(excerpt(std::string(900'000, 'a'), 4), "aaaa... (900000 bytes)");
  EXPECT_EQ(excerpt("aa\xC3\xBC", 3), "aa... (4 bytes)") << "no character is cut in two";
}

TEST(DisplayText, ATerminalGetsNothingThatSteersIt) {
  const struct {
    std::string text;
    std::string shown;
  } cases[] = {
      {"plain, ü and 日本語", "plain, ü and 日本語"},
      {"\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"},
      {"a\rb\nc\td", "a\\rb\\nc\\td"},
      {"a\x7f", "a\\x7f"},
      {"\xC2\x9B[31m", "\\x9b[31m"},     // CSI as one C1 character
      {"\x9B[31m", "\xEF\xBF\xBD[31m"},  // and as a bare byte
      {"\xE2\x80\xAE"
       "fdp.exe",
       "\\u202efdp.exe"},  // right-to-left override
      {"\xE2\x80\xA8", "\\u2028"},
      {"\xF3\xA0\x81\x81", "\\U000e0041"},  // a tag character
      {std::string("nul\0", 4), "nul\\x00"},
  };
  for (const auto& [text, shown] : cases) {
    EXPECT_EQ(displayable(text), shown);
    EXPECT_EQ(is_displayable(text), text == shown);
    EXPECT_TRUE(is_displayable(displayable(text)));
  }
}

TEST(DisplayText, TextOfSeveralLinesKeepsThem) {
  EXPECT_EQ(displayable("a\r\nb\tc\n", LineBreaks::kKept), "a\nb\tc\n");
  EXPECT_EQ(displayable("over\rwritten", LineBreaks::kKept), "over\\rwritten");
}

TEST(DisplayText, JsonMeansTheSame) {
  const std::string json = to_json_text(Json("\x7f \xC2\x9B \xE2\x80\xAE \xF3\xA0\x81\x81 ü"));
  const std::string shown = displayable_json(json);
  EXPECT_TRUE(is_displayable(shown));
  const auto read = parse_json(shown);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(to_json_text(*read), json);
}

}  // namespace
}  // namespace shunt::base
