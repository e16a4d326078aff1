#include "redis/reply.hpp"

#include <gtest/gtest.h>

#include "support/redis_replies.hpp"

namespace bullmq::detail {
namespace {

TEST(Reply, IsANumberWhenItsTextIsOne) {
  const std::pair<const char*, double> numbers[] = {
      {"12", 12},
      {"-12", -12},
      {"0.5", 0.5},
      {"3e+8", 3e8},
      {"1E3", 1000},
      {"12abc", 12},
      {"", 0},
      {"abc", 0},
      {"+1", 0},
      {" 1", 0},
      {"nan", 0},
      {"inf", 0},
      {"-inf", 0},
      {"1e999", 0},
      {"0.10000000000000001", 0.1},
      {"1700000000000", 1.7e12},
      {"-", 0},
      {"1e-999", 0},
      {"0x10", 0},
  };
  for (const auto& [text, number] : numbers) {
    EXPECT_EQ(parse_number(text), number) << text;
    EXPECT_EQ(replies::text(text).number(), number) << text;
    EXPECT_EQ(replies::status(text).number(), number) << text;
    EXPECT_EQ(replies::error(text).number(), 0) << text;
  }
}

TEST(Reply, IsAnIntegerWithinTheirRange) {
  const std::pair<const char*, std::int64_t> numbers[] = {
      {"12.9", 12}, {"-12.9", -12}, {"9e18", 9'000'000'000'000'000'000},
      {"1e19", 0},  {"-1e19", 0},   {"1e300", 0},
  };
  for (const auto& [text, number] : numbers) EXPECT_EQ(replies::text(text).to_int(), number) << text;
  EXPECT_EQ(replies::integer(INT64_MIN).to_int(), INT64_MIN);
  EXPECT_EQ(replies::integer(INT64_MAX).to_int(), INT64_MAX);
  EXPECT_EQ(replies::nil().to_int(), 0);
  EXPECT_EQ(replies::array({replies::integer(3)}).to_int(), 0);
}

TEST(Reply, HasTheWordOfAnError) {
  EXPECT_EQ(replies::error("NOSCRIPT No matching script").error_word(), "NOSCRIPT");
  EXPECT_EQ(replies::error("OOM").error_word(), "OOM");
  EXPECT_EQ(replies::error("").error_word(), "");
  EXPECT_EQ(replies::text("NOSCRIPT x").error_word(), "");
}

}  // namespace
}  // namespace bullmq::detail
