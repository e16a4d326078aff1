// What one process leaves for others in Redis, against a real server: in which order it is done.
#include "shunt/executor/left_posts.hpp"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <thread>

#include "integration/bullmq/redis_process.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::executor {
namespace {

using bullmq::testing::RedisProcess;
using namespace std::chrono_literals;

class LeftPostsTest : public ::testing::Test {
 protected:
  std::unique_ptr<LeftPosts> process() {
    QueueOptions queue;
    queue.redis_url = redis_.url();
    return make_left_posts(queue, faults_);
  }
  static std::optional<GenerationId> taken(LeftPosts& by) {
    std::promise<std::optional<GenerationId>> answer;
    by.take("key", [&](std::optional<GenerationId> id) { answer.set_value(id); });
    return answer.get_future().get();
  }
  static bool withdrawn(LeftPosts& by, GenerationId id) {
    std::promise<bool> answer;
    by.withdraw("key", id, [&](bool was_there) { answer.set_value(was_there); });
    return answer.get_future().get();
  }

  RedisProcess redis_;
  FaultLog faults_;
  GenerationIdSource ids_{system_clock()};
};

TEST_F(LeftPostsTest, OneThatIsOfferedIsTakenOnce) {
  const auto here = process();
  const auto there = process();
  const GenerationId id = ids_.next();
  here->offer("key", id, 10s);
  EXPECT_EQ(taken(*here), id);
  EXPECT_EQ(taken(*there), std::nullopt);
  EXPECT_FALSE(withdrawn(*here, id));
}

TEST_F(LeftPostsTest, OneThatIsWithdrawnAtOnceIsNotThereAlsoWhereRedisHasJustBegun) {
  const auto here = process();
  for (int i = 0; i < 20; ++i) {
    redis_({"SCRIPT", "FLUSH"});
    const GenerationId id = ids_.next();
    here->offer("key", id, 10s);
    here->withdraw("key", id, [](bool) {});
    EXPECT_EQ(taken(*here), std::nullopt);
    // What comes late would be there by now.
    EXPECT_FALSE(withdrawn(*here, id));
  }
}

TEST_F(LeftPostsTest, OneThatNobodyTakesIsForgotten) {
  const auto here = process();
  const GenerationId id = ids_.next();
  here->offer("key", id, 1ms);
  (void)withdrawn(*here, ids_.next());  // it is there by now
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(taken(*here), std::nullopt);
}

}  // namespace
}  // namespace shunt::executor
