#include "utf8_stream.hpp"

#include <gtest/gtest.h>

namespace shunt::executor {
namespace {

TEST(Utf8Stream, GivesTheSameTextHoweverTheBytesAreCut) {
  const std::string text = "a\u00e9\u6c34\U0001f682z";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    Utf8Stream stream;
    std::string out;
    const auto collect = [&](std::string_view piece) {
      EXPECT_TRUE(is_valid_utf8(piece));
      out += piece;
    };
    for (std::size_t at = 0; at < text.size(); at += size)
      stream.push(std::string_view(text).substr(at, size), collect);
    stream.finish(collect);
    EXPECT_EQ(out, text) << "pieces of " << size;
  }
}

TEST(Utf8Stream, ReplacesBrokenBytesAndAnUnfinishedEnd) {
  Utf8Stream stream;
  std::string out;
  const auto collect = [&](std::string_view piece) { out += piece; };
  stream.push("a\xFF\xF0\x9F", collect);
  EXPECT_EQ(out, "a\uFFFD");
  stream.finish(collect);
  EXPECT_EQ(out, "a\uFFFD\uFFFD");
}

}  // namespace
}  // namespace shunt::executor
