#include "shunt/base/fault_log.hpp"

#include <gtest/gtest.h>

#include <string>

#include "shunt/base/log.hpp"
#include "support/manual_clock.hpp"

namespace shunt::base {
namespace {

using std::chrono::seconds;
using Source = FaultLog::Source;
using Kind = FaultLog::Kind;

class FaultLogTest : public ::testing::Test {
 protected:
  FaultLogTest() { log::configure(log::Level::kInfo, log::Format::kText); }
  ~FaultLogTest() override { log::configure(log::Level::kOff, log::Format::kText); }
  std::string logged(const std::function<void()>& work) {
    ::testing::internal::CaptureStderr();
    work();
    return ::testing::internal::GetCapturedStderr();
  }
  testing::ManualClock clock_;
  FaultLog faults_{clock_};
};

TEST_F(FaultLogTest, CountsByPlaceAndKind) {
  faults_.note(Source::kDuty, "settle", Kind::kUnavailable, "away");
  faults_.note(Source::kDuty, "settle", Kind::kUnavailable, "away");
  faults_.note(Source::kDuty, "settle", Kind::kFault, "WRONGTYPE");
  faults_.note(Source::kPlace, "inbox", Kind::kFault, "WRONGTYPE");
  const auto counts = faults_.counts();
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_EQ(counts[0].name, "settle");
  EXPECT_EQ(counts[0].kind, Kind::kUnavailable);
  EXPECT_EQ(counts[0].count, 2U);
  EXPECT_EQ(counts[1].kind, Kind::kFault);
  EXPECT_EQ(counts[2].name, "inbox");
}

TEST_F(FaultLogTest, LogsAPlaceOnceAMinuteAndSaysHowManyWereLeftOut) {
  const auto fail = [this] { faults_.note(Source::kDuty, "settle", Kind::kFault, "WRONGTYPE"); };
  EXPECT_NE(logged(fail).find("duty.failed"), std::string::npos);
  EXPECT_EQ(logged(fail), "");
  clock_.advance(seconds(59));
  EXPECT_EQ(logged(fail), "");
  clock_.advance(seconds(1));
  const std::string line = logged(fail);
  EXPECT_NE(line.find("WRONGTYPE"), std::string::npos);
  EXPECT_NE(line.find("more_since_last_line=2"), std::string::npos) << line;
}

TEST_F(FaultLogTest, IsQuietAboutAServerThatIsAway) {
  EXPECT_EQ(logged([this] { faults_.note(Source::kDuty, "settle", Kind::kUnavailable, "away"); }), "");
}

TEST_F(FaultLogTest, IsBounded) {
  for (std::size_t i = 0; i < 10 * FaultLog::kMaxNames; ++i) {
    faults_.note(Source::kPlace, std::to_string(i), Kind::kUnavailable, "away");
  }
  EXPECT_LE(faults_.counts().size(), FaultLog::kMaxNames + 1);
  const std::string line =
      logged([this] { faults_.note(Source::kPlace, "0", Kind::kFault, std::string(100'000, 'x')); });
  EXPECT_LT(line.size(), 1'000U);
}

}  // namespace
}  // namespace shunt::base
