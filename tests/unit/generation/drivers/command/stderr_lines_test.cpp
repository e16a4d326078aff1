#include "drivers/command/stderr_lines.hpp"

#include <gtest/gtest.h>

namespace shunt::generation::command {
namespace {

using Lines = std::vector<std::string>;

TEST(LineCutter, GivesTheSameLinesHoweverTheBytesAreCut) {
  const std::string bytes = "one\ntwo\r\n\nprogress\rbar\nlast";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    LineCutter cutter(100);
    Lines lines;
    for (std::size_t at = 0; at < bytes.size(); at += size) {
      for (auto& line : cutter.push(std::string_view(bytes).substr(at, size))) lines.push_back(line);
    }
    if (auto last = cutter.finish()) lines.push_back(*last);
    EXPECT_EQ(lines, (Lines{"one", "two", "progress", "bar", "last"})) << size;
  }
}

TEST(LineCutter, CutsALongLineAndDropsItsRest) {
  LineCutter cutter(4);
  EXPECT_EQ(cutter.push("123456789\nab\n"), (Lines{"1234", "ab"}));
  EXPECT_FALSE(cutter.finish().has_value());
}

TEST(ProgressLine, ReadsSharesAndPercentages) {
  EXPECT_EQ(parse_progress("progress: 0.5 loading")->fraction, 0.5);
  EXPECT_EQ(parse_progress("progress: 0.5 loading")->message, "loading");
  EXPECT_EQ(parse_progress("progress:50%")->fraction, 0.5);
  EXPECT_EQ(parse_progress("progress: 100% done")->fraction, 1.0);
  for (const char* line : {"", "progress", "progress: ", "progress: x", "progress: 2", "progress: -1",
                           "progress: nan", "progress: 101%", "progress: 0.5x", "in progress: 0.5"}) {
    EXPECT_FALSE(parse_progress(line).has_value()) << line;
  }
}

}  // namespace
}  // namespace shunt::generation::command
