// What an inspector counts of a real queue, and what it says of servers that hide things or are not there.
#include "shunt/executor/queue_inspector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "integration/bullmq/redis_process.hpp"

namespace shunt::executor {
namespace {

using bullmq::testing::RedisProcess;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

class QueueInspectorTest : public ::testing::Test {
 protected:
  QueueInspectorTest() { redis_({"FLUSHALL"}); }

  static QueueOptions options(const std::string& url) {
    QueueOptions options;
    options.redis_url = url;
    options.prefix = "{look}";
    return options;
  }
  static Result<ServerReading> server(const QueueOptions& options) {
    const auto inspector = make_queue_inspector(options);
    std::promise<Result<ServerReading>> answer;
    inspector->read_server([&](Result<ServerReading> reading) { answer.set_value(std::move(reading)); });
    return answer.get_future().get();
  }
  static Result<QueueContents> contents(const QueueOptions& options, std::vector<std::string> models = {}) {
    const auto inspector = make_queue_inspector(options);
    std::promise<Result<QueueContents>> answer;
    inspector->read_contents(std::move(models),
                             [&](Result<QueueContents> found) { answer.set_value(std::move(found)); });
    return answer.get_future().get();
  }
  // A generation's record, as the scripts leave it.
  void put_record(const std::string& id, const std::string& state, const std::string& queue) {
    redis_({"HSET", "{look}::gen:r:" + id, "state", state, "seq", "1", "queue", queue});
    redis_({"PEXPIRE", "{look}::gen:r:" + id, "60000"});
    redis_({"ZADD", "{look}::gen:index", "0", id});
    if (state == "queued" || state == "running") redis_({"ZADD", "{look}::gen:o:" + queue, "1", id});
  }

  RedisProcess redis_;
};

TEST_F(QueueInspectorTest, ReadsWhatTheServerTells) {
  const auto reading = server(options(redis_.url()));
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_THAT(reading->info, HasSubstr("redis_version:"));
  ASSERT_TRUE(reading->clock_skew.has_value());
  EXPECT_LT(*reading->clock_skew, 1s);
  EXPECT_GT(reading->script_calls.size(), 20U);
  EXPECT_LT(reading->reached_in, 2s);
}

TEST_F(QueueInspectorTest, AHostThatForbidsCommandsHidesThemAndNothingElse) {
  redis_({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-info", "-time", "-config"});
  QueueOptions hiding = options(redis_.url());
  hiding.redis_url.insert(hiding.redis_url.find("//") + 2, "app:secret@");
  const auto reading = server(hiding);
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_EQ(reading->info, "");
  EXPECT_EQ(reading->refused_commands, std::vector<std::string>{"TIME"});
  EXPECT_FALSE(reading->clock_skew.has_value());
  EXPECT_FALSE(reading->script_calls.empty());
}

TEST_F(QueueInspectorTest, AsksTheRulesOfItsUserForEveryCommandAndForItsKeys) {
  const auto free = server(options(redis_.url()));
  ASSERT_TRUE(free.ok()) << free.error().message;
  EXPECT_EQ(free->refused_commands, std::vector<std::string>());
  redis_({"ACL", "SETUSER", "app", "on", ">secret", "~{look}*", "+@all", "-@dangerous", "-xadd"});
  QueueOptions bound = options(redis_.url());
  bound.redis_url.insert(bound.redis_url.find("//") + 2, "app:secret@");
  EXPECT_EQ(server(bound)->refused_commands, std::vector<std::string>{"XADD"});
  bound.prefix = "{other}";
  const auto elsewhere = server(bound);
  ASSERT_TRUE(elsewhere.ok()) << elsewhere.error().message;
  EXPECT_TRUE(elsewhere->script_calls.empty()) << "a script may not read another key";
}

TEST_F(QueueInspectorTest, SaysWhyAServerCannotBeUsed) {
  redis_({"CONFIG", "SET", "requirepass", "secret"});
  const auto locked = server(options(redis_.url()));
  ASSERT_FALSE(locked.ok());
  EXPECT_EQ(locked.error().code, "queue_unavailable");
  EXPECT_THAT(locked.error().message, HasSubstr("NOAUTH"));
  const std::string url = redis_.url();
  redis_.kill();
  const auto begun = std::chrono::steady_clock::now();
  const auto gone = contents(options(url));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 10s);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, "queue_unavailable");
  EXPECT_FALSE(gone.error().message.empty());
}

TEST_F(QueueInspectorTest, CountsWhatIsOpenByModel) {
  put_record("gen_1", "queued", "{look}:echo");
  put_record("gen_2", "running", "{look}:echo");
  put_record("gen_3", "queued", "{look}:echo");
  redis_({"LPUSH", "{look}:echo:wait", "gen_1"});
  redis_({"LPUSH", "{look}:echo:active", "gen_2"});
  redis_({"ZADD", "{look}:line%3Atwo:delayed", "1", "gen_9"});
  redis_({"SADD", "{look}::gen:queues", "{look}:line%3Atwo", "foreign:queue"});
  const auto found = contents(options(redis_.url()), {"echo", "quiet"});
  ASSERT_TRUE(found.ok()) << found.error().message;
  ASSERT_EQ(found->queues.size(), 3U);
  EXPECT_EQ(found->queues[0].model, "echo");
  EXPECT_EQ(found->queues[0].waiting, 1U);
  EXPECT_EQ(found->queues[0].active, 1U);
  EXPECT_EQ(found->queues[0].awaited, 1U) << "gen_3 is open and in no list";
  EXPECT_EQ(found->queues[1].model, "line:two");
  EXPECT_EQ(found->queues[1].delayed, 1U);
  EXPECT_EQ(found->queues[2].model, "quiet");
  EXPECT_EQ(found->results, 0U);
  EXPECT_FALSE(found->results_until.has_value());
}

TEST_F(QueueInspectorTest, CountsWhatWouldBeLostAndUntilWhen) {
  for (int i = 0; i < 1'201; ++i) put_record("gen_" + std::to_string(10'000 + i), "succeeded", "{look}:echo");
  put_record("gen_2", "running", "{look}:echo");
  redis_({"ZADD", "{look}::gen:index", "0", "gen_0"});  // expired
  redis_({"SADD", "{look}::gen:callers", "ann"});
  for (const std::string& caller : {std::string(), std::string("ann")}) {
    redis_({"ZADD", "{look}::gen:kc:" + caller, "1", "digest" + caller});
    redis_({"HSET", "{look}::gen:k:digest" + caller, "id", "gen_1"});
    redis_({"PEXPIRE", "{look}::gen:k:digest" + caller, caller.empty() ? "1000" : "90000"});
  }
  const auto found = contents(options(redis_.url()));
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found->results, 1'201U);
  EXPECT_FALSE(found->at_least);
  const WallTime now = system_clock().now();
  EXPECT_GT(*found->results_until, now + 30s);
  EXPECT_LT(*found->results_until, now + 61s);
  EXPECT_EQ(found->keys, 2U);
  EXPECT_GT(*found->keys_until, now + 60s);
  EXPECT_LT(*found->keys_until, now + 91s);
}

TEST_F(QueueInspectorTest, KeysOfAnotherTypeAreAFailureAndNoHang) {
  redis_({"SET", "{look}::gen:index", "hello"});
  EXPECT_FALSE(contents(options(redis_.url())).ok());
  redis_({"DEL", "{look}::gen:index"});
  redis_({"SET", "{look}::gen:kc:", "hello"});
  EXPECT_TRUE(contents(options(redis_.url())).ok());
}

TEST_F(QueueInspectorTest, EndsAtOnceWithALookUnderWay) {
  redis_.suspend();
  auto inspector = make_queue_inspector(options(redis_.url()));
  std::promise<Result<ServerReading>> answer;
  inspector->read_server([&](Result<ServerReading> reading) { answer.set_value(std::move(reading)); });
  inspector.reset();
  const auto ended = answer.get_future().get();
  ASSERT_FALSE(ended.ok());
  // Not because Redis has not answered in time.
  EXPECT_THAT(log_text(ended.error()), HasSubstr("closed"));
}

}  // namespace
}  // namespace shunt::executor
