#include "drivers/command/program_end.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "shunt/generation/error_codes.hpp"

namespace shunt::generation::command {
namespace {

TEST(ProgramEnd, BecomesADistinctErrorForEachWayToEnd) {
  CommandOptions options;
  options.max_cpu = std::chrono::seconds(2);
  EXPECT_FALSE(error_of({true, 0}, options, "noise").has_value());

  const auto exited = error_of({true, 3}, options, "tail");
  EXPECT_EQ(exited->code, error_code::kProgramExited);
  EXPECT_EQ(exited->details.at("exit_code"), 3);
  EXPECT_EQ(exited->details.at("stderr"), "tail");

  const auto killed = error_of({false, SIGSEGV}, options, "");
  EXPECT_EQ(killed->code, error_code::kProgramKilled);
  EXPECT_EQ(killed->details.at("signal"), "SIGSEGV");
  EXPECT_FALSE(killed->details.contains("stderr"));

  EXPECT_EQ(error_of({false, SIGXCPU}, options, "")->details.at("limit_name"), "cpu");
  EXPECT_EQ(error_of({false, SIGXFSZ}, options, "")->details.at("limit_name"), "output");
}

TEST(ProgramEnd, MentionsTheMemoryLimitWhereThereIsOne) {
  CommandOptions options;
  EXPECT_EQ(error_of({true, 1}, options, "")->message.find("memory"), std::string::npos);
  options.max_memory_bytes = 1000;
  EXPECT_NE(error_of({true, 1}, options, "")->message.find("1000 bytes"), std::string::npos);
}

TEST(SignalName, IsKnownForEverySignalWithOne) {
  EXPECT_EQ(signal_name(SIGKILL), "SIGKILL");
  EXPECT_EQ(signal_name(45), "signal 45");
}

}  // namespace
}  // namespace shunt::generation::command
