#include "shunt/generation/log_tail.hpp"

#include <gtest/gtest.h>

#include <string>

namespace shunt::generation {
namespace {

GenerationEvent line(std::string message) {
  return {.sequence = 1, .at = {}, .payload = event::Log{.level = "info", .message = std::move(message)}};
}

TEST(LogTail, KeepsTheLastLinesWhole) {
  LogTail tail(8);
  tail.take(line("ab"));
  tail.take(line("cd\n"));
  EXPECT_EQ(tail.text(), "ab\ncd\n");
  tail.take(line("ef"));
  EXPECT_EQ(tail.text(), "cd\nef\n");
}

TEST(LogTail, ALineThatIsTooLongLeavesNothing) {
  LogTail tail(4);
  tail.take(line(std::string(100, 'x')));
  EXPECT_EQ(tail.text(), "");
}

TEST(LogTail, AnotherAttemptBeginsAnewAndOtherEventsChangeNothing) {
  LogTail tail(100);
  tail.take(line("a"));
  tail.take({.sequence = 2, .at = {}, .payload = event::Delta{.text = "b"}});
  EXPECT_EQ(tail.text(), "a\n");
  tail.take({.sequence = 3, .at = {}, .payload = event::Restarted{}});
  EXPECT_EQ(tail.text(), "");
}

}  // namespace
}  // namespace shunt::generation
