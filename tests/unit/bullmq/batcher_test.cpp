// A batcher on an event loop of its own, in front of a sender that the test answers by hand.
#include "bullmq/batcher.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bullmq/error.hpp"

namespace bullmq {
namespace {

struct Doubled : BatchItem {
  explicit Doubled(int of) : number(of) { bytes = 1; }
  int number;
  int answer = 0;
};

// What a join threw.
struct Failure {
  std::string what;
  std::optional<Fate> fate;
};

Failure describe(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const ConnectionError& error) {
    return {error.what(), error.fate()};
  } catch (const CancelledError& error) {
    return {"cancelled", error.fate()};
  } catch (const std::exception& error) {
    return {error.what(), std::nullopt};
  }
}

class BatcherTest : public ::testing::Test {
 protected:
  // A call on its way. It ends when its timer is cancelled, with what is set here.
  struct Open {
    explicit Open(boost::asio::io_context& loop) : ended(loop) {
      ended.expires_at(decltype(ended)::time_point::max());
    }
    boost::asio::steady_timer ended;
    std::exception_ptr failure;
    int fails_alone = 0;
    std::size_t items = 0;
  };

  void use(BatcherOptions options) {
    batcher_.emplace(
        loop_->get_executor(), [this](Batch<Doubled> items) { return send(this, items); },
        std::move(options));
  }

  static awaitable<void> send(BatcherTest* self, Batch<Doubled> items) {
    const auto call = std::make_shared<Open>(*self->loop_);
    call->items = items.size();
    self->open_.push_back(call);
    try {
      co_await call->ended.async_wait(boost::asio::use_awaitable);
    } catch (const boost::system::system_error&) {
    }
    if (call->failure) std::rethrow_exception(call->failure);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].number == call->fails_alone)
        items[i].fail(std::make_exception_ptr(std::runtime_error("alone")));
      items[i].answer = 2 * items[i].number;
    }
  }

  static awaitable<void> join(BatcherTest* self, int number) {
    const auto item = std::make_shared<Doubled>(number);
    co_await self->batcher_->join(item);
    self->answers_.push_back(item->answer);
  }

  void add(int number) {
    cancels_.push_back(std::make_unique<boost::asio::cancellation_signal>());
    boost::asio::co_spawn(
        *loop_, join(this, number),
        boost::asio::bind_cancellation_slot(cancels_.back()->slot(), [this](std::exception_ptr failure) {
          if (failure) failures_.push_back(describe(std::move(failure)));
        }));
  }
  void cancel(std::size_t which) { cancels_[which]->emit(boost::asio::cancellation_type::terminal); }
  // All that can be done without an answer.
  void settle() {
    loop_->restart();
    while (loop_->poll() > 0) {
    }
  }
  void end_call(std::exception_ptr failure = nullptr, int fails_alone = 0) {
    ASSERT_FALSE(open_.empty());
    const auto call = open_.front();
    open_.pop_front();
    call->failure = std::move(failure);
    call->fails_alone = fails_alone;
    call->ended.cancel();
    settle();
  }
  std::vector<std::size_t> open_calls() const {
    std::vector<std::size_t> sizes;
    for (const auto& call : open_) sizes.push_back(call->items);
    return sizes;
  }

  using Sizes = std::vector<std::size_t>;
  std::deque<std::shared_ptr<Open>> open_;
  std::vector<std::unique_ptr<boost::asio::cancellation_signal>> cancels_;
  std::vector<int> answers_;
  std::vector<Failure> failures_;
  std::optional<Batcher<Doubled>> batcher_;
  std::unique_ptr<boost::asio::io_context> loop_ = std::make_unique<boost::asio::io_context>();
};

TEST_F(BatcherTest, MayLingerWhenItsEventLoopEndsAndGoAfterIt) {
  BatcherOptions options;
  options.linger = std::chrono::hours(1);
  options.linger_items = 2;
  use(options);
  for (const int number : {1, 2}) add(number);
  settle();
  end_call();
  add(3);
  settle();
  EXPECT_EQ(open_calls(), Sizes{});
  loop_.reset();
  batcher_.reset();
  EXPECT_EQ(answers_, (std::vector<int>{2, 4}));
}

TEST_F(BatcherTest, GivesEachItemItsAnswer) {
  use({});
  for (const int number : {1, 2, 3}) add(number);
  settle();
  EXPECT_EQ(open_calls(), Sizes{3});
  add(4);
  settle();
  EXPECT_EQ(open_calls(), (Sizes{3, 1}));
  end_call();
  EXPECT_EQ(answers_, (std::vector<int>{2, 4, 6}));
  end_call();
  EXPECT_EQ(answers_, (std::vector<int>{2, 4, 6, 8}));
}

TEST_F(BatcherTest, TellsItsObserverOfEachCall) {
  std::vector<BatchCall> calls;
  use({.max_items = 2, .on_call = [&calls](const BatchCall& call) { calls.push_back(call); }});
  for (const int number : {1, 2, 3}) add(number);
  settle();
  end_call();
  end_call(std::make_exception_ptr(RedisError("OOM")));
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].items, 2U);
  EXPECT_EQ(calls[0].bytes, 2U);
  EXPECT_FALSE(calls[0].failed);
  EXPECT_EQ(calls[1].items, 1U);
  EXPECT_TRUE(calls[1].failed);
}

TEST_F(BatcherTest, AFailureOfTheCallIsEverybodysAndOneOfAnItemItsOwn) {
  use({.calls_at_once = 1});
  add(1);
  add(2);
  settle();
  add(3);
  add(4);
  end_call(std::make_exception_ptr(RedisError("OOM")));
  ASSERT_EQ(failures_.size(), 2U);
  EXPECT_EQ(failures_[1].what, "OOM");
  EXPECT_EQ(open_calls(), Sizes{2}) << "those behind it go out all the same";
  end_call(nullptr, 3);
  ASSERT_EQ(failures_.size(), 3U);
  EXPECT_EQ(failures_[2].what, "alone");
  EXPECT_EQ(answers_, std::vector<int>{8});
}

TEST_F(BatcherTest, NobodyWaitsForMoreThanOneCallThatGetsNoAnswerInTime) {
  use({.calls_at_once = 1});
  add(1);
  settle();
  add(2);
  settle();
  end_call(std::make_exception_ptr(CommandTimeoutError(Fate::unknown, "late")));
  ASSERT_EQ(failures_.size(), 2U);
  EXPECT_EQ(failures_[0].fate, Fate::unknown);
  EXPECT_EQ(failures_[1].fate, Fate::not_executed);
  EXPECT_TRUE(open_.empty());
  add(3);
  settle();
  end_call();
  EXPECT_EQ(answers_, std::vector<int>{6});
}

TEST_F(BatcherTest, RefusesWhatIsTooMuch) {
  use({.calls_at_once = 1, .max_waiting_items = 1});
  add(1);
  settle();
  add(2);
  add(3);
  settle();
  ASSERT_EQ(failures_.size(), 1U);
  EXPECT_EQ(failures_[0].fate, Fate::not_executed);
  end_call();
  end_call();
  EXPECT_EQ(answers_, (std::vector<int>{2, 4}));
}

TEST_F(BatcherTest, ACancelledItemEndsAtOnce) {
  use({.calls_at_once = 1});
  add(1);
  settle();
  add(2);
  add(3);
  settle();
  cancel(0);
  cancel(1);
  EXPECT_TRUE(failures_.empty()) << "not inside emit()";
  settle();
  ASSERT_EQ(failures_.size(), 2U);
  EXPECT_EQ(failures_[0].fate, Fate::unknown) << "its call is on its way";
  EXPECT_EQ(failures_[1].fate, Fate::not_executed);
  end_call();
  EXPECT_EQ(open_calls(), Sizes{1});
  end_call();
  EXPECT_EQ(answers_, std::vector<int>{6});
  EXPECT_EQ(failures_.size(), 2U);
}

TEST_F(BatcherTest, AnItemJoinsOnce) {
  use({});
  const auto item = std::make_shared<Doubled>(1);
  boost::asio::co_spawn(*loop_, batcher_->join(item), [](std::exception_ptr) {});
  settle();
  EXPECT_THROW((void)batcher_->join(item), ValidationError);
  EXPECT_THROW((void)batcher_->join(nullptr), ValidationError);
  end_call();
}

TEST_F(BatcherTest, WhatOneThrowsWhoIsAnsweredKeepsNobodyElseFromTheirAnswers) {
  use({});
  boost::asio::co_spawn(*loop_, join(this, 1),
                        [](std::exception_ptr) { throw std::runtime_error("a caller's own"); });
  add(2);
  settle();
  EXPECT_THROW(end_call(), std::runtime_error);
  settle();
  EXPECT_EQ(answers_, (std::vector<int>{2, 4}));
}

TEST_F(BatcherTest, WhatWaitsGoesOutThoughTheBatcherIsGone) {
  use({.calls_at_once = 1});
  add(1);
  settle();
  add(2);
  settle();
  batcher_.reset();
  end_call();
  end_call();
  EXPECT_EQ(answers_, (std::vector<int>{2, 4}));
}

TEST_F(BatcherTest, WhatWaitsEndsWithItsEventLoop) {
  // The loop ends before anybody has joined, in their turn, when a call is to begin, when it is on its way.
  for (int turns = 0; turns < 12; ++turns) {
    use({.max_items = 1, .calls_at_once = 1, .max_waiting_items = 2});
    std::vector<std::weak_ptr<Doubled>> left;
    // It holds the batcher that holds it. The third is refused.
    const auto holding = [&left](Batcher<Doubled> batcher) -> awaitable<void> {
      const auto item = std::make_shared<Doubled>(1);
      left.push_back(item);
      co_await batcher.join(item);
    };
    for (int i = 0; i < 3; ++i) boost::asio::co_spawn(*loop_, holding(*batcher_), [](std::exception_ptr) {});
    batcher_.reset();
    for (int turn = 0; turn < turns; ++turn) loop_->poll_one();
    open_.clear();
    loop_ = std::make_unique<boost::asio::io_context>();
    for (const auto& item : left) EXPECT_TRUE(item.expired()) << turns;
  }
}

}  // namespace
}  // namespace bullmq
