#include "shunt/base/duration_text.hpp"

#include <gtest/gtest.h>

namespace shunt::base {
namespace {

using std::chrono::milliseconds;

TEST(DurationText, ReadsEveryUnitAndWritesTheLargestThatDivides) {
  const std::pair<const char*, milliseconds> table[] = {
      {"0ms", milliseconds(0)},         {"250ms", milliseconds(250)},    {"30s", milliseconds(30'000)},
      {"10m", milliseconds(600'000)},   {"2h", milliseconds(7'200'000)}, {"7d", milliseconds(604'800'000)},
      {"90m", milliseconds(5'400'000)},
  };
  for (const auto& [text, value] : table) {
    ASSERT_TRUE(parse_duration(text).ok()) << text;
    EXPECT_EQ(*parse_duration(text), value);
    EXPECT_EQ(format_duration(value), text);
  }
}

TEST(DurationText, RefusesWhatIsNoDurationAndQuotesIt) {
  for (const char* text :
       {"", "10", "-5s", "1.5s", "10 s", "10x", "s", "99999999999999999999s", "9223372036854775807d"}) {
    const auto parsed = parse_duration(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.error().message.find('"' + std::string(text) + '"'), std::string::npos);
  }
}

TEST(ByteText, ReadsEveryUnitAndWritesTheLargestThatDivides) {
  const std::pair<const char*, std::size_t> table[] = {
      {"0", 0},      {"512", 512}, {"64KiB", 65'536}, {"8MiB", 8'388'608}, {"1GiB", 1'073'741'824},
      {"1025", 1025}};
  for (const auto& [text, value] : table) {
    ASSERT_TRUE(parse_bytes(text).ok()) << text;
    EXPECT_EQ(*parse_bytes(text), value);
    EXPECT_EQ(format_bytes(value), text);
  }
  for (const char* text : {"", "64KB", "1 MiB", "-1", "1.5GiB"}) EXPECT_FALSE(parse_bytes(text).ok()) << text;
}

}  // namespace
}  // namespace shunt::base
