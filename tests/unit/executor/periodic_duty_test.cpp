#include "shunt/executor/redis/periodic_duty.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "bullmq/error.hpp"
#include "queue/runtime/shared_wake.hpp"
#include "shunt/base/log.hpp"
#include "support/executor_client.hpp"

namespace shunt::executor {
namespace {

using bullmq::awaitable;
using testing::eventually;
using namespace std::chrono_literals;

const bool kQuiet = (log::configure(log::Level::kError, log::Format::kText), true);

class PeriodicDutyTest : public ::testing::Test {
 protected:
  PeriodicDutyTest() : loops_(1) {}
  ~PeriodicDutyTest() override {
    on_loop([this] { duties_.clear(); });
    loops_.stop_and_join();
  }
  // Duties go on until the fixture stops them, so that what they count in is the fixture's.
  std::atomic<int>& count() { return counts_.emplace_back(0); }
  void on_loop(const std::function<void()>& work) { loops_.at(0).run_on_thread(work); }
  void every(std::string name, std::chrono::milliseconds interval, PeriodicDuty::Duty duty) {
    on_loop(
        [&] { duties_[name] = run_periodically(loops_.at(0), faults_, name, interval, std::move(duty)); });
  }
  std::uint64_t failures(std::string_view duty, FaultLog::Kind kind) const {
    for (const auto& count : faults_.counts()) {
      if (count.source == FaultLog::Source::kDuty && count.name == duty && count.kind == kind)
        return count.count;
    }
    return 0;
  }
  awaitable<void> never_ends() {
    boost::asio::steady_timer timer(loops_.at(0).context(), SteadyTime::max());
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
  }

  FaultLog faults_;
  std::deque<std::atomic<int>> counts_;
  EventLoopThreads loops_;
  std::map<std::string, PeriodicDuty> duties_;
};

TEST(NextTurn, LongIntervalsEndAtTimesThatAllShare) {
  struct Row {
    std::chrono::milliseconds ended, interval, at;
  };
  for (const Row& row : std::vector<Row>{{10'003ms, 2'000ms, 12'000ms},  // a late end does not add up
                                         {10'999ms, 2'000ms, 12'000ms},
                                         {11'000ms, 2'000ms, 14'000ms},
                                         {10'003ms, 10'000ms, 20'000ms},
                                         {11'499ms, 60'000ms, 72'000ms},
                                         {10'003ms, 1'999ms, 12'002ms},  // short ones keep their own times
                                         {10'003ms, 50ms, 10'053ms}}) {
    EXPECT_EQ(next_turn(SteadyTime(row.ended), row.interval), SteadyTime(row.at))
        << row.ended.count() << " + " << row.interval.count();
  }
}

TEST_F(PeriodicDutyTest, ADutyThatThrowsIsCountedAndComesAgain) {
  std::atomic<int>& done = count();
  every("broken", 1ms, [&done]() -> awaitable<void> {
    ++done;
    throw std::out_of_range("no such element");
    co_return;
  });
  EXPECT_TRUE(eventually([&] { return done >= 3; }));
  EXPECT_TRUE(eventually([&] { return failures("broken", FaultLog::Kind::kFault) >= 3; }));
}

// A std::function that throws before it has made a coroutine, and what is no std::exception.
TEST_F(PeriodicDutyTest, WhateverIsThrownEndsNoDuty) {
  std::atomic<int>& at_once = count();
  std::atomic<int>& odd = count();
  every("at_once", 1ms, [&at_once]() -> awaitable<void> {
    ++at_once;
    throw std::runtime_error("before there is a coroutine");
  });
  every("odd", 1ms, [&odd]() -> awaitable<void> {
    ++odd;
    throw 42;
    co_return;
  });
  EXPECT_TRUE(eventually([&] { return at_once >= 3 && odd >= 3; }));
  EXPECT_GE(failures("odd", FaultLog::Kind::kFault), 2U);
}

TEST_F(PeriodicDutyTest, ARedisThatIsAwayIsToldApartFromAFault) {
  std::atomic<int>& calls = count();
  every("mixed", 1ms, [&calls]() -> awaitable<void> {
    if (++calls % 2 == 0) throw bullmq::RedisError("WRONGTYPE Operation against a key");
    throw bullmq::ConnectionError(bullmq::Fate::not_executed, "away");
    co_return;
  });
  EXPECT_TRUE(eventually([&] {
    return failures("mixed", FaultLog::Kind::kFault) >= 2 &&
           failures("mixed", FaultLog::Kind::kUnavailable) >= 2;
  }));
}

TEST_F(PeriodicDutyTest, ADutyThatHangsHoldsUpNoOther) {
  std::atomic<int>& begun = count();
  std::atomic<int>& others = count();
  every("hangs", 1ms, [&begun, this]() -> awaitable<void> {
    ++begun;
    co_await never_ends();
  });
  every("other", 1ms, [&others]() -> awaitable<void> {
    ++others;
    co_return;
  });
  EXPECT_TRUE(eventually([&] { return others >= 5; }));
  EXPECT_EQ(begun, 1);
}

TEST_F(PeriodicDutyTest, ADutyWithNothingToDoWakesNobody) {
  std::atomic<int>& asked = count();
  std::atomic<int>& done = count();
  std::atomic<int>& something = count();
  on_loop([&] {
    duties_["when_due"] = run_when_due(
        loops_.at(0), faults_, "when_due", 1ms,
        [&] {
          ++asked;
          return something != 0 ? std::chrono::steady_clock::now() : SteadyTime::max();
        },
        [&]() -> awaitable<void> {
          ++done;
          something = 0;
          co_return;
        });
  });
  EXPECT_TRUE(eventually([&] { return asked == 1; }));
  // Later than what it waits for changes nothing; sooner does.
  on_loop([&] { duties_["when_due"].due_by(SteadyTime::max()); });
  something = 1;
  on_loop([] {});
  EXPECT_EQ(done, 0);
  on_loop([&] { duties_["when_due"].due_by(std::chrono::steady_clock::now()); });
  EXPECT_TRUE(eventually([&] { return done == 1 && asked >= 3; }));
  on_loop([] {});
  EXPECT_EQ(asked, 3);
}

TEST_F(PeriodicDutyTest, ADutyThatIsWantedNowIsDoneOnceMoreAlsoWhileItIsUnderWay) {
  std::atomic<int>& done = count();
  every("slow", 1h, [&done, this]() -> awaitable<void> {
    if (++done == 2) duties_["slow"].run_now();
    co_return;
  });
  EXPECT_TRUE(eventually([&] { return done == 1; }));
  on_loop([&] { duties_["slow"].run_now(); });
  EXPECT_TRUE(eventually([&] { return done == 3; }));
}

TEST_F(PeriodicDutyTest, NothingIsDoneAfterStop) {
  std::atomic<int>& done = count();
  every("stopped", 1ms, [&done]() -> awaitable<void> {
    ++done;
    co_return;
  });
  EXPECT_TRUE(eventually([&] { return done >= 1; }));
  on_loop([&] { duties_["stopped"].stop(); });
  on_loop([] {});
  const int then = done;
  on_loop([] {});
  EXPECT_EQ(done, then);
}

}  // namespace
}  // namespace shunt::executor
