#include "service/caller_work.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <semaphore>

namespace shunt::api {
namespace {

constexpr auto kLong = std::chrono::seconds(20);

TEST(CallerWork, OneWhoseWorkHangsLeavesAThreadToOthers) {
  std::counting_semaphore<> go(0);
  std::promise<void> others;
  CallerWork work(3);
  for (int i = 0; i < 10; ++i) work.post("a", [&] { go.acquire(); });
  work.post("b", [&] { others.set_value(); });
  EXPECT_EQ(others.get_future().wait_for(kLong), std::future_status::ready);
  go.release(10);
}

TEST(CallerWork, WhatWasPassedOverIsDoneWhenItsCallerMayGoOn) {
  std::atomic<int> done{0};
  std::atomic<int> now{0};
  std::atomic<int> most{0};
  std::optional<CallerWork> work(std::in_place, 3);
  for (int i = 0; i < 300; ++i) {
    work->post(i % 3 == 0 ? "b" : "a", [&, of_a = i % 3 != 0] {
      if (of_a) most = std::max(most.load(), ++now);
      ++done;
      if (of_a) --now;
    });
  }
  work.reset();
  EXPECT_EQ(done, 300);
  EXPECT_LE(most, 2);
}

TEST(CallerWork, WithoutKeysEverybodyIsOneAndHasAllThreads) {
  std::counting_semaphore<> go(0);
  std::atomic<int> begun{0};
  std::promise<void> all;
  CallerWork work(3);
  for (int i = 0; i < 3; ++i) {
    work.post("", [&] {
      if (++begun == 3) all.set_value();
      go.acquire();
    });
  }
  EXPECT_EQ(all.get_future().wait_for(kLong), std::future_status::ready);
  go.release(3);
}

}  // namespace
}  // namespace shunt::api
