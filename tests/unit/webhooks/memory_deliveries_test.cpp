#include "memory_deliveries.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

namespace shunt::webhooks {
namespace {

using bullmq::awaitable;
using std::chrono::milliseconds;

// On a loop that this thread runs; endpoints that answer at once, or never.
class MemoryDeliveriesTest : public ::testing::Test {
 protected:
  void run(awaitable<void> work) {
    std::exception_ptr thrown;
    boost::asio::co_spawn(loop_.context(), std::move(work), [&](std::exception_ptr failure) {
      thrown = failure;
      loop_.stop();
    });
    loop_.run();
    if (thrown) std::rethrow_exception(thrown);
  }
  // False: it was refused.
  bool add(const std::string& id, const std::string& caller, std::size_t bytes) {
    Message message;
    message.id = id;
    message.caller = caller;
    message.body = std::string(bytes, 'x');
    try {
      run(deliveries_.add(std::move(message)));
      return true;
    } catch (const std::length_error&) {
      return false;
    }
  }

  EventLoop loop_;
  bool answers_ = false;
  int attempts_ = 0;
  MemoryDeliveries deliveries_{
      loop_, system_clock(),
      [this](Message /*message*/, std::size_t /*made*/) -> awaitable<Courier::Outcome> {
        ++attempts_;
        Courier::Outcome outcome;
        outcome.verdict.kind = Verdict::Kind::kDelivered;
        co_return outcome;
      },
      MemoryDeliveries::Limits{.history = 1000, .age = std::chrono::hours(1)},
      [this](awaitable<void> work) {
        if (answers_) boost::asio::co_spawn(loop_.context(), std::move(work), boost::asio::detached);
      }};
};

constexpr std::size_t kMib = 1UL << 20U;

TEST_F(MemoryDeliveriesTest, OneCallerHasAShareOfTheBytesThatWait) {
  for (int i = 0; i < 15; ++i) EXPECT_TRUE(add("a" + std::to_string(i), "ann", kMib)) << i;
  EXPECT_FALSE(add("a15", "ann", kMib)) << "with what an entry has beside its body";
  EXPECT_TRUE(add("b0", "bob", kMib));
  EXPECT_TRUE(add("a0", "ann", kMib)) << "it is there already";
  EXPECT_EQ(deliveries_.only_here(), 16U);
}

TEST_F(MemoryDeliveriesTest, AllTogetherAreBoundedByTheirBytes) {
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += add(std::to_string(i), "caller" + std::to_string(i), kMib) ? 1 : 0;
  EXPECT_EQ(taken, 63);
}

TEST_F(MemoryDeliveriesTest, WhatHasEndedMakesRoom) {
  answers_ = true;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(add(std::to_string(i), "ann", kMib)) << i;
  run(deliveries_.stop(std::chrono::seconds(5)));
  EXPECT_EQ(attempts_, 100);
  EXPECT_EQ(deliveries_.only_here(), 0U);
}

TEST_F(MemoryDeliveriesTest, StoppingWaitsForWhatIsDueAndNoLongerThanItsGrace) {
  ASSERT_TRUE(add("a", "ann", 10));
  const auto begun = std::chrono::steady_clock::now();
  run(deliveries_.stop(milliseconds(50)));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(50));
  EXPECT_EQ(deliveries_.only_here(), 1U);
}

}  // namespace
}  // namespace shunt::webhooks
