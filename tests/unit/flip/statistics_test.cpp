#include "shunt/flip/statistics.hpp"

#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

// The worked examples of the research (research/oracles/sim.py), to the job.
TEST(Statistics, KnowHowManyJobsARiseNeeds) {
  struct Case {
    double base;
    double rise;
    std::uint64_t jobs;
  };
  for (const auto& [base, rise, jobs] :
       {Case{0.01, 0.001, 128'470}, Case{0.01, 0.005, 6'105}, Case{0.01, 0.01, 1'826}, Case{0.01, 0.02, 605},
        Case{0.05, 0.01, 6'426}, Case{0.05, 0.02, 1'743}, Case{0.05, 0.05, 343}}) {
    EXPECT_EQ(jobs_needed(base, rise), jobs) << base << " + " << rise;
    const auto found = smallest_detectable_rise(base, jobs, jobs);
    ASSERT_TRUE(found);
    EXPECT_NEAR(*found, rise, rise * 0.01);
  }
}

TEST(Statistics, SeeTwoPointsAndAThirdInFiveHundredJobs) {
  EXPECT_NEAR(smallest_detectable_rise(0.01, 500, 500).value(), 0.023, 0.0006);
}

TEST(Statistics, SeeNoMoreThanTheSmallerSideShows) {
  const double even = smallest_detectable_rise(0.01, 500, 500).value();
  EXPECT_LT(smallest_detectable_rise(0.01, 50'000, 500).value(), even);
  EXPECT_GT(smallest_detectable_rise(0.01, 50'000, 200).value(), even);
  EXPECT_FALSE(smallest_detectable_rise(0.01, 0, 500));
  EXPECT_FALSE(smallest_detectable_rise(0.01, 1, 1)) << "too small to show anything";
  EXPECT_FALSE(smallest_detectable_rise(1, 500, 500)) << "it cannot rise";
}

TEST(Statistics, CountDeviationsOfAPooledDifference) {
  struct Case {
    Share control;
    Share canary;
    double z;
  };
  // By hand: pooled p = 30 / 2000; (0.02 - 0.01) / sqrt(p (1 - p) (2 / 1000)).
  for (const auto& [control, canary, z] :
       {Case{{10, 1'000}, {20, 1'000}, 1.8397}, Case{{20, 1'000}, {10, 1'000}, -1.8397},
        Case{{20, 1'000}, {60, 1'000}, 4.5644}, Case{{10, 1'000}, {10, 1'000}, 0},
        Case{{10, 1'000}, {40, 2'000}, 2.0169}}) {
    EXPECT_NEAR(z_of(control, canary), z, 0.001);
  }
}

TEST(Statistics, SayNothingOfNothing) {
  EXPECT_EQ(z_of({0, 0}, {5, 10}), 0);
  EXPECT_EQ(z_of({0, 10}, {0, 0}), 0);
  EXPECT_EQ(z_of({0, 10}, {0, 10}), 0);
  EXPECT_EQ(z_of({10, 10}, {10, 10}), 0);
}

}  // namespace
}  // namespace shunt::flip
