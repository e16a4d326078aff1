#include <gtest/gtest.h>

#include "shunt/base/json.hpp"

namespace shunt::base {
namespace {

TEST(Utf8, TellsValidFromInvalid) {
  for (const std::string text :
       {"", "plain ascii, longer than eight", "\u00df\u6c34\U0001f682", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << text;
  }
  // Overlong forms, surrogates, beyond U+10FFFF, lone continuation, cut sequences.
  for (const std::string text : {"\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\x80",
                                 "abc\xC3", "12345678\xE6\xB0", "\xF5\x80\x80\x80"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << ::testing::PrintToString(text);
  }
}

TEST(Utf8, FindsThePrefixThatCutsNoSequence) {
  const std::string train = "x\U0001f682";
  EXPECT_EQ(utf8_complete_prefix(train), 5U);
  for (std::size_t cut = 2; cut < 5; ++cut) EXPECT_EQ(utf8_complete_prefix(train.substr(0, cut)), 1U);
  EXPECT_EQ(utf8_complete_prefix("ab\xFF"), 3U) << "a malformed byte is not a cut one";
  EXPECT_EQ(utf8_complete_prefix("\x80\x80\x80\x80"), 4U);
  EXPECT_EQ(utf8_complete_prefix(""), 0U);
}

TEST(Utf8, ReplacesMalformedBytesAndKeepsTheRest) {
  EXPECT_EQ(to_valid_utf8("a\xFFz"), "a\uFFFDz");
  EXPECT_EQ(to_valid_utf8("\xE6\xB0"), "\uFFFD");
  EXPECT_EQ(to_valid_utf8("\u00e9"), "\u00e9");
}

}  // namespace
}  // namespace shunt::base
