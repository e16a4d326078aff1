#include "shunt/base/event_loop.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>

namespace shunt::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(EventLoop, RunsPostedFunctionsOnItsThreadInOrder) {
  EventLoopThreads loops(1);
  std::promise<std::vector<int>> done;
  auto order = std::make_shared<std::vector<int>>();
  for (int i = 0; i < 3; ++i) loops.at(0).post([order, i] { order->push_back(i); });
  loops.at(0).post([&] {
    EXPECT_EQ(EventLoop::current(), &loops.at(0));
    done.set_value(*order);
  });
  EXPECT_EQ(done.get_future().get(), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(EventLoop::current(), nullptr);
}

TEST(EventLoop, CallsATimerOnceAfterItsDelay) {
  EventLoopThreads loops(1);
  std::promise<milliseconds> fired;
  const auto begin = std::chrono::steady_clock::now();
  Timer timer;
  loops.at(0).post([&] {
    timer = loops.at(0).after(milliseconds(20), [&] {
      fired.set_value(std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin));
    });
  });
  EXPECT_GE(fired.get_future().get(), milliseconds(20));
}

TEST(EventLoop, ADestroyedTimerNeverFiresAndFreesWhatItHeld) {
  EventLoopThreads loops(1);
  std::promise<void> later;
  auto held = std::make_shared<int>(1);
  bool fired = false;
  Timer last;
  loops.at(0).post([&, held] {
    {
      const Timer timer = loops.at(0).after(milliseconds(1), [&fired, held] { fired = true; });
    }
    EXPECT_EQ(held.use_count(), 2);  // the test's and this function's
    last = loops.at(0).after(milliseconds(20), [&] { later.set_value(); });
  });
  later.get_future().get();
  EXPECT_FALSE(fired);
  loops.stop_and_join();
}

TEST(EventLoop, ATimerMayDestroyItselfWhileItFires) {
  EventLoopThreads loops(1);
  std::promise<void> fired;
  auto timer = std::make_shared<Timer>();
  loops.at(0).post([&, timer] {
    *timer = loops.at(0).after(milliseconds(1), [&, timer] {
      *timer = Timer();
      fired.set_value();
    });
  });
  EXPECT_EQ(fired.get_future().wait_for(seconds(5)), std::future_status::ready);
}

TEST(EventLoop, ATimerWhoseFunctionHoldsItGoesWithItsLoopOrWhenItIsCancelled) {
  struct Waiting {
    std::shared_ptr<int> held;
    Timer timer;
  };
  auto held = std::make_shared<int>(1);
  for (const bool cancelled : {false, true}) {
    EventLoop loop;
    auto owner = std::make_shared<Waiting>();
    owner->held = held;
    owner->timer = loop.after(seconds(60), [owner] { FAIL() << "called too soon"; });
    if (cancelled) owner->timer.cancel();
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(EventLoop, StopLeavesQueuedFunctionsUncalledAndDestroysThem) {
  auto held = std::make_shared<int>(1);
  {
    EventLoop loop;
    loop.post([held] { FAIL() << "called after stop"; });
    loop.stop();
  }
  EXPECT_EQ(held.use_count(), 1);
}

}  // namespace
}  // namespace shunt::base
