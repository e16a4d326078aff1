#include <gtest/gtest.h>
#include <hiredis.h>

#include <memory>
#include <string>

#include "bullmq_scripts.hpp"
#include "support/child_server.hpp"

namespace bullmq::detail {
namespace {

using Connection = std::unique_ptr<redisContext, decltype([](redisContext* context) { redisFree(context); })>;
using Reply = std::unique_ptr<redisReply, decltype([](redisReply* reply) { freeReplyObject(reply); })>;

Reply load(redisContext* redis, const Script& script) {
  return Reply(static_cast<redisReply*>(
      redisCommand(redis, "SCRIPT LOAD %b", script.text.data(), script.text.size())));
}

TEST(LoadScripts, RedisCompilesEachAndAgreesOnItsHash) {
  const shunt::testing::ChildServer server({"/usr/bin/python3", SHUNT_TEST_SUPPORT "/redis_server.py"});
  const Connection redis(redisConnect("127.0.0.1", server.port()));
  ASSERT_TRUE(redis && redis->err == 0);
  for (const Script& script : all_scripts()) {
    const Reply reply = load(redis.get(), script);
    ASSERT_TRUE(reply) << script.name << ": " << redis->errstr;
    EXPECT_EQ(std::string(reply->str, static_cast<std::size_t>(reply->len)), script.sha1) << script.name;
  }
}

}  // namespace
}  // namespace bullmq::detail
