// What a batcher decides, as tables: no loop, no server, no clock.
#include "core/batch_queue.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bullmq::detail {
namespace {

using namespace std::chrono_literals;
using Joined = BatchQueue::Joined;
using Cancelled = BatchQueue::Cancelled;
using End = BatchQueue::End;

// Its bytes are its name.
struct Named : BatchItem {
  explicit Named(char of) : name(of) {}
  char name;
};

class BatchQueueTest : public ::testing::Test {
 protected:
  using Items = std::vector<std::shared_ptr<BatchItem>>;

  // Lower case joins as usual, upper case goes alone, a digit is urgent.
  Joined join(char name, std::size_t bytes = 1) {
    auto item = std::make_shared<Named>(name);
    item->bytes = bytes;
    item->alone = name >= 'A' && name <= 'Z';
    item->urgent = name >= '0' && name <= '9';
    items_.push_back(item);
    return queue_->join(std::move(item));
  }
  void join_all(const std::string& names) {
    for (const char name : names) (void)join(name);
  }
  Cancelled cancel(char name) {
    for (const auto& item : items_) {
      if (static_cast<Named&>(*item).name == name) return queue_->cancel(*item);
    }
    ADD_FAILURE() << "nobody is called " << name;
    return Cancelled::too_late;
  }
  static std::string names(const Items& items) {
    std::string all;
    for (const auto& item : items) all += static_cast<Named&>(*item).name;
    return all;
  }
  // "ab|C" for a call of two and one of one.
  std::string send() {
    std::string all;
    while (auto call = queue_->next_call(now_)) {
      if (!all.empty()) all += '|';
      all += names(call->items);
      calls_.push_back(std::move(*call));
    }
    return all;
  }
  // The oldest call ends.
  void end() {
    const BatchQueue::Call call = std::move(calls_.front());
    calls_.erase(calls_.begin());
    for (const auto& item : call.items) (void)BatchQueue::decide(*item);
    queue_->call_ended(call, now_);
  }
  void use(const BatcherOptions& options) {
    options_ = options;
    queue_ = std::make_unique<BatchQueue>(options_);
  }

  BatcherOptions options_;
  std::unique_ptr<BatchQueue> queue_ = std::make_unique<BatchQueue>(options_);
  BatchQueue::TimePoint now_{};
  Items items_;
  std::vector<BatchQueue::Call> calls_;
};

TEST_F(BatchQueueTest, HowWhatWaitsIsCutIntoCalls) {
  struct Row {
    const char* what;
    std::size_t max_items, max_bytes, calls_at_once;
    const char* joined;
    const char* sent;
  };
  const Row rows[] = {
      {"nothing", 250, 1000, 2, "", ""},
      {"one", 250, 1000, 2, "a", "a"},
      {"those of a turn share", 250, 1000, 2, "abc", "abc"},
      {"as many as a call takes", 3, 1000, 2, "abcdefgh", "abc|def"},
      {"more calls", 3, 1000, 5, "abcdefgh", "abc|def|gh"},
      {"as many bytes as a call takes", 250, 2, 2, "abcde", "ab|cd"},
      {"bounds that are too small for one", 0, 0, 2, "ab", "a|b"},
      {"one that goes alone keeps its place", 250, 1000, 9, "abCde", "ab|C|de"},
      {"those that go alone wait for no call", 250, 1000, 1, "ABcDe", "A|B|c|D"},
      {"but for those before them", 1, 1000, 1, "abC", "a"},
      {"an urgent one shares as others do", 250, 1000, 1, "a1b", "a1b"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    use({.max_items = row.max_items, .max_bytes = row.max_bytes, .calls_at_once = row.calls_at_once});
    join_all(row.joined);
    EXPECT_EQ(send(), row.sent);
    EXPECT_EQ(queue_->ask_again_at(), std::nullopt);
    calls_.clear();
  }
}

TEST_F(BatchQueueTest, WhatJoinsMeanwhileSharesTheNextCall) {
  use({.calls_at_once = 1});
  join_all("a");
  EXPECT_EQ(send(), "a");
  join_all("bcd");
  EXPECT_EQ(send(), "");
  end();
  EXPECT_EQ(send(), "bcd");
  EXPECT_TRUE(queue_->answers_come_first());
}

TEST_F(BatchQueueTest, ATurnIsAskedForOnce) {
  EXPECT_EQ(join('a'), Joined::begins_a_turn);
  EXPECT_EQ(join('b'), Joined::waits);
  queue_->turn_ended();
  EXPECT_EQ(send(), "ab");
  EXPECT_EQ(join('c'), Joined::begins_a_turn);
  queue_->turn_ended();
  EXPECT_EQ(send(), "c");
  // The end of one of two calls sends it.
  EXPECT_EQ(join('d'), Joined::waits);
  // But nothing holds up one that goes alone.
  EXPECT_EQ(join('E'), Joined::begins_a_turn);
  EXPECT_FALSE(queue_->answers_come_first());
}

TEST_F(BatchQueueTest, RefusesWhatWouldWaitBeyondItsBounds) {
  struct Row {
    const char* what;
    std::size_t max_items, max_bytes, waiting, bytes_of_each, bytes;
    Joined joined;
  };
  constexpr std::size_t kMost = static_cast<std::size_t>(-1);
  const Row rows[] = {
      {"the first", 10, 10, 0, 0, 10, Joined::begins_a_turn},
      {"one that is too large by itself", 10, 10, 0, 0, 11, Joined::refused},
      {"just as many bytes", 10, 10, 2, 4, 2, Joined::waits},
      {"a byte too many", 10, 10, 2, 4, 3, Joined::refused},
      {"just as many items", 3, 10, 2, 0, 0, Joined::waits},
      {"an item too many", 3, 10, 3, 0, 0, Joined::refused},
      {"a size whose sum would overflow", 10, 10, 2, 4, kMost, Joined::refused},
      {"no bound at all", kMost, kMost, 2, 4, kMost - 8, Joined::waits},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    use({.max_waiting_items = row.max_items, .max_waiting_bytes = row.max_bytes});
    for (std::size_t i = 0; i < row.waiting; ++i) ASSERT_NE(join('a', row.bytes_of_each), Joined::refused);
    EXPECT_EQ(join('b', row.bytes), row.joined);
  }
}

TEST_F(BatchQueueTest, WhatGoesOutOrIsTakenOutMakesRoom) {
  use({.calls_at_once = 1, .max_waiting_items = 2, .max_waiting_bytes = 10});
  EXPECT_NE(join('a', 5), Joined::refused);
  EXPECT_NE(join('b', 5), Joined::refused);
  EXPECT_EQ(join('c', 0), Joined::refused);
  EXPECT_EQ(cancel('c'), Cancelled::too_late);
  EXPECT_EQ(cancel('a'), Cancelled::taken_out);
  EXPECT_NE(join('d', 5), Joined::refused);
  EXPECT_EQ(send(), "bd");
  EXPECT_NE(join('e', 10), Joined::refused);
  EXPECT_EQ(queue_->give_up_behind(End::timed_out).size(), 1U);
  EXPECT_NE(join('f', 10), Joined::refused);
}

TEST_F(BatchQueueTest, WhatACancelledWaiterMeans) {
  use({.max_items = 2, .calls_at_once = 1});
  join_all("abcdef");
  EXPECT_EQ(send(), "ab");
  EXPECT_EQ(cancel('a'), Cancelled::on_its_way);
  EXPECT_EQ(cancel('a'), Cancelled::too_late);
  EXPECT_FALSE(BatchQueue::decide(*items_[0])) << "its answer is nobody's";
  EXPECT_TRUE(BatchQueue::decide(*items_[1]));
  EXPECT_FALSE(BatchQueue::decide(*items_[1])) << "a second time";
  EXPECT_EQ(cancel('b'), Cancelled::too_late);
  for (const char middle_last_first : {'d', 'f', 'c'})
    EXPECT_EQ(cancel(middle_last_first), Cancelled::taken_out);
  end();
  EXPECT_EQ(send(), "e");
  EXPECT_EQ(send(), "");
}

TEST_F(BatchQueueTest, OnlyACallWithoutAnAnswerInTimeTakesThoseBehindItAlong) {
  struct Row {
    End how;
    const char* given_up;
    const char* sent;
  };
  for (const Row& row :
       {Row{End::answered, "", "bC"}, Row{End::failed, "", "bC"}, Row{End::timed_out, "bC", ""}}) {
    use({.calls_at_once = 1});
    join_all("a");
    EXPECT_EQ(send(), "a");
    join_all("bC");
    EXPECT_EQ(names(queue_->give_up_behind(row.how)), row.given_up);
    end();
    std::string sent = send();
    std::erase(sent, '|');
    EXPECT_EQ(sent, row.sent);
    calls_.clear();
  }
}

TEST_F(BatchQueueTest, WhenTheCallAfterOneOfManyLingers) {
  struct Row {
    const char* what;
    std::chrono::milliseconds linger;
    const char* call;
    const char* waits;  // when it ends
    bool lingers;
  };
  const Row rows[] = {
      {"not asked for", 0ms, "abc", "d", false},
      {"a call of few", 5ms, "ab", "d", false},
      {"a call of many", 5ms, "abc", "d", true},
      {"as many wait: calls are as full as they get", 5ms, "abc", "def", false},
      {"what waits is urgent", 5ms, "abc", "1", false},
      {"one that goes alone waits for nothing", 5ms, "abc", "D", false},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    use({.calls_at_once = 1, .linger = row.linger, .linger_items = 3});
    join_all(row.call);
    EXPECT_EQ(send(), row.call);
    join_all(row.waits);
    const bool alone = row.waits[0] == 'D';
    EXPECT_EQ(send(), alone ? "D" : "");
    if (alone) calls_.pop_back();
    end();
    EXPECT_EQ(send(), row.lingers || alone ? "" : row.waits);
    EXPECT_EQ(queue_->ask_again_at().has_value(), row.lingers);
    calls_.clear();
  }
}

TEST_F(BatchQueueTest, ALingerEndsInTimeOrWithSomethingUrgent) {
  use({.calls_at_once = 1, .linger = 5ms, .linger_items = 3});
  join_all("abc");
  EXPECT_EQ(send(), "abc");
  end();
  EXPECT_EQ(queue_->ask_again_at(), std::nullopt) << "nothing waits that could be late";
  join_all("d");
  EXPECT_EQ(send(), "");
  EXPECT_EQ(queue_->ask_again_at(), now_ + 5ms);
  now_ += 5ms;
  EXPECT_EQ(send(), "d");
  end();
  join_all("efg");
  EXPECT_EQ(send(), "efg") << "a call of one lets nothing linger";
  end();
  join_all("hijk");
  EXPECT_EQ(send(), "") << "more that come do not end it";
  join_all("1");
  EXPECT_EQ(send(), "hijk1");
  end();
  join_all("l2");
  EXPECT_EQ(cancel('2'), Cancelled::taken_out);
  EXPECT_EQ(send(), "") << "nothing that waits is urgent any longer";
}

TEST_F(BatchQueueTest, AllThatWaitsCanBeTakenBack) {
  join_all("a1");
  EXPECT_EQ(names(queue_->take_all()), "a1");
  EXPECT_EQ(send(), "");
  EXPECT_TRUE(queue_->take_all().empty());
}

}  // namespace
}  // namespace bullmq::detail
