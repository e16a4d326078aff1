#include "shunt/flip/figures.hpp"

#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

using std::chrono::milliseconds;
using H = LatencyHistogram;

TEST(LatencyHistogram, HasEightBordersToADoubling) {
  EXPECT_DOUBLE_EQ(H::border_ms(0), 1);
  EXPECT_DOUBLE_EQ(H::border_ms(8), 2);
  EXPECT_DOUBLE_EQ(H::border_ms(80), 1'024);
  for (std::size_t i = 1; i + 1 < H::kBuckets; ++i)
    EXPECT_NEAR(H::border_ms(i) / H::border_ms(i - 1), 1.0905, 0.001);
}

TEST(LatencyHistogram, PutsEachTimeAtOrBelowItsBorder) {
  EXPECT_EQ(H::bucket_of(milliseconds(-5)), 0U);
  EXPECT_EQ(H::bucket_of(milliseconds(0)), 0U);
  EXPECT_EQ(H::bucket_of(milliseconds(1)), 0U);
  EXPECT_EQ(H::bucket_of(milliseconds(2)), 8U);
  EXPECT_EQ(H::bucket_of(milliseconds(1'024)), 80U);
  EXPECT_EQ(H::bucket_of(milliseconds(1'025)), 81U);
  EXPECT_EQ(H::bucket_of(milliseconds(8'388'608)), H::kBuckets - 2);
  EXPECT_EQ(H::bucket_of(milliseconds(8'388'609)), H::kBuckets - 1);
  EXPECT_EQ(H::bucket_of(std::chrono::hours(24 * 365)), H::kBuckets - 1);
}

TEST(LatencyHistogram, FindsQuantilesWithinItsPrecision) {
  H histogram;
  EXPECT_EQ(histogram.quantile_ms(0.95), 0);
  EXPECT_FALSE(histogram.quantile_bucket(0.95));
  for (int ms = 1; ms <= 1'000; ++ms) histogram.add(H::bucket_of(milliseconds(ms)));
  EXPECT_NEAR(histogram.quantile_ms(0.5), 500, 500 * 0.02);
  EXPECT_NEAR(histogram.quantile_ms(0.95), 950, 950 * 0.02);
  EXPECT_EQ(histogram.total(), 1'000U);
}

TEST(LatencyHistogram, OfTheFleetIsTheSumOfItsProcesses) {
  H one;
  H other;
  H both;
  for (int ms = 1; ms < 100; ++ms) {
    one.add(H::bucket_of(milliseconds(ms)));
    other.add(H::bucket_of(milliseconds(ms * 7)), 3);
    both.add(H::bucket_of(milliseconds(ms)));
    both.add(H::bucket_of(milliseconds(ms * 7)), 3);
  }
  one.add(other);
  EXPECT_EQ(one, both);
}

TEST(LatencyHistogram, CountsExactlyWhatIsSlowerThanABorder) {
  H histogram;
  histogram.add(79, 5);
  histogram.add(80, 7);
  histogram.add(81, 2);
  histogram.add(H::kBuckets - 1, 1);
  EXPECT_EQ(histogram.above(80), 3U);
  EXPECT_EQ(histogram.above(H::kBuckets - 1), 0U);
}

TEST(JudgedEnds, AreThoseOfTheServersSide) {
  EXPECT_EQ(judge_end("succeeded", ""), EndJudgement::kGood);
  for (const std::string_view code :
       {"generator_failed", "worker_lost", "deadline_exceeded", "upstream_unreachable", "program_exited",
        "simulated_failure", "a_code_of_tomorrow"}) {
    EXPECT_EQ(judge_end("failed", code), EndJudgement::kError) << code;
  }
  for (const std::string_view code : {"invalid_input", "upstream_rejected", "upstream_rate_limited"}) {
    EXPECT_EQ(judge_end("failed", code), EndJudgement::kNotJudged) << code;
  }
  EXPECT_EQ(judge_end("cancelled", ""), EndJudgement::kNotJudged);
  EXPECT_EQ(judge_end("running", ""), EndJudgement::kNotJudged);
}

}  // namespace
}  // namespace shunt::flip
