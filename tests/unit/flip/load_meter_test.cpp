#include "shunt/flip/load_meter.hpp"

#include <gtest/gtest.h>

namespace shunt::flip {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr SteadyTime kStart{std::chrono::hours(5)};

TEST(LoadMeter, TellsTheBusiestMinuteAndTheMeanRun) {
  LoadMeter meter;
  for (int i = 0; i < 60; ++i) meter.admitted("echo", kStart);
  for (int i = 0; i < 120; ++i) meter.admitted("echo", kStart + minutes(3));
  meter.ended("echo", milliseconds(100), kStart + minutes(3));
  meter.ended("echo", milliseconds(300), kStart + minutes(4));
  EXPECT_EQ(meter.load_of("echo", kStart + minutes(4)).per_second, 2);
  EXPECT_EQ(meter.load_of("echo", kStart + minutes(4)).mean_run, milliseconds(200));
}

TEST(LoadMeter, ForgetsAfterTenMinutes) {
  LoadMeter meter;
  for (int i = 0; i < 60; ++i) meter.admitted("echo", kStart);
  meter.ended("echo", milliseconds(100), kStart);
  EXPECT_EQ(meter.load_of("echo", kStart + minutes(9)).per_second, 1);
  EXPECT_EQ(meter.load_of("echo", kStart + minutes(10)).per_second, 0);
  EXPECT_EQ(meter.load_of("echo", kStart + minutes(10)).mean_run, milliseconds(0));
  meter.admitted("echo", kStart + minutes(10));
  EXPECT_EQ(meter.load_of("echo", kStart + minutes(10)).per_second, 1.0 / 60) << "its place was taken anew";
}

TEST(LoadMeter, KnowsOnlyModelsThatWereAskedFor) {
  LoadMeter meter;
  meter.ended("never", milliseconds(100), kStart);
  EXPECT_EQ(meter.load_of("never", kStart).mean_run, milliseconds(0));
  meter.admitted("quick", kStart);
  meter.ended("quick", std::chrono::microseconds(3), kStart);
  EXPECT_EQ(meter.load_of("quick", kStart).mean_run, milliseconds(1)) << "0 means that nothing has ended";
}

}  // namespace
}  // namespace shunt::flip
