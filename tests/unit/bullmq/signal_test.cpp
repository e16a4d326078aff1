#include "bullmq/signal.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace bullmq {
namespace {

const auto kNoException = [] { ADD_FAILURE() << "a listener threw"; };

TEST(Signal, CallsListenersInTheOrderOfTheirSubscription) {
  Signal<int> signal;
  std::string called;
  const auto first = signal.subscribe([&](int value) { called += "a" + std::to_string(value); });
  const auto second = signal.subscribe([&](int value) { called += "b" + std::to_string(value); });
  signal.emit(kNoException, 1);
  signal.emit(kNoException, 2);
  EXPECT_EQ(called, "a1b1a2b2");
}

TEST(Signal, CallsNobodyWhoHasLeft) {
  Signal<> signal;
  int calls = 0;
  EXPECT_TRUE(signal.empty());
  {
    const auto subscription = signal.subscribe([&] { ++calls; });
    EXPECT_FALSE(signal.empty());
    signal.emit(kNoException);
  }
  signal.emit(kNoException);
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(signal.empty());
}

TEST(Signal, KeepsDetachedListeners) {
  Signal<> signal;
  int calls = 0;
  signal.subscribe([&] { ++calls; }).detach();
  signal.emit(kNoException);
  EXPECT_EQ(calls, 1);
}

TEST(Signal, ReportsExceptionsAndGoesOn) {
  Signal<> signal;
  std::string seen;
  const auto first = signal.subscribe([] { throw std::runtime_error("one"); });
  const auto second = signal.subscribe([&] { seen += "called "; });
  const auto third = signal.subscribe([] { throw 3; });
  signal.emit([&] {
    try {
      throw;
    } catch (const std::exception& error) {
      seen += std::string(error.what()) + " ";
    } catch (int number) {
      seen += std::to_string(number);
    }
  });
  EXPECT_EQ(seen, "one called 3");
}

TEST(Signal, LetsAListenerCancelItself) {
  Signal<> signal;
  int calls = 0;
  Subscription own;
  own = signal.subscribe([&] {
    ++calls;
    own.cancel();
  });
  signal.emit(kNoException);
  signal.emit(kNoException);
  EXPECT_EQ(calls, 1);
}

TEST(Signal, LetsAListenerCancelAnotherBeforeItsTurn) {
  Signal<> signal;
  int calls = 0;
  Subscription later;
  const auto first = signal.subscribe([&] { later.cancel(); });
  later = signal.subscribe([&] { ++calls; });
  signal.emit(kNoException);
  EXPECT_EQ(calls, 0);
}

TEST(Signal, CallsThoseWhoCameDuringACallFromTheNextOneOn) {
  Signal<> signal;
  int calls = 0;
  std::vector<Subscription> added;
  const auto first = signal.subscribe([&] {
    if (added.empty()) added.push_back(signal.subscribe([&] { ++calls; }));
  });
  signal.emit(kNoException);
  EXPECT_EQ(calls, 0);
  signal.emit(kNoException);
  EXPECT_EQ(calls, 1);
}

TEST(Signal, LetsAListenerEmitAgain) {
  Signal<int> signal;
  std::string called;
  const auto subscription = signal.subscribe([&](int depth) {
    called += std::to_string(depth);
    if (depth < 3) signal.emit(kNoException, depth + 1);
  });
  signal.emit(kNoException, 1);
  EXPECT_EQ(called, "123");
}

TEST(Signal, MayBeDestroyedByAListener) {
  auto signal = std::make_unique<Signal<>>();
  int calls = 0;
  const auto first = signal->subscribe([&] { signal.reset(); });
  const auto second = signal->subscribe([&] { ++calls; });
  signal->emit(kNoException);
  EXPECT_EQ(calls, 1);
}

TEST(Signal, MayBeOutlivedByItsSubscriptions) {
  std::optional<Signal<>> signal(std::in_place);
  Subscription subscription = signal->subscribe([] {});
  signal.reset();
  subscription.cancel();
  subscription.cancel();
}

TEST(Subscription, MovesWithItsListener) {
  Signal<> signal;
  int first = 0;
  int second = 0;
  Subscription a = signal.subscribe([&] { ++first; });
  Subscription b = signal.subscribe([&] { ++second; });
  a = std::move(b);
  signal.emit(kNoException);
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  {
    const Subscription moved = std::move(a);
  }
  signal.emit(kNoException);
  EXPECT_EQ(second, 1);
}

}  // namespace
}  // namespace bullmq
