#include "queue/records/unseen_records.hpp"

#include <utility>

#include "shunt/generation/generation_id.hpp"

namespace shunt::executor {
namespace {

// LPOP takes a count from Redis 6.2 on only. Never destroyed, as the generated scripts.
const bullmq::RedisScript& take_first() {
  static const auto& script =
      *new bullmq::RedisScript("take_first",
                               "local taken = redis.call('LRANGE', KEYS[1], 0, tonumber(ARGV[1]) - 1)\n"
                               "redis.call('LTRIM', KEYS[1], ARGV[1], -1)\n"
                               "return taken",
                               1);
  return script;
}

}  // namespace

bullmq::awaitable<std::vector<std::string>> take_unseen(bullmq::Redis redis, GenerationKeys keys,
                                                        std::size_t most) {
  std::vector<std::string> from{keys.base + "unseen"};
  std::vector<std::string> count{std::to_string(most)};
  const bullmq::RedisReply reply = co_await redis.run(take_first(), std::move(from), std::move(count));
  std::vector<std::string> ids;
  for (const bullmq::RedisReply& each : reply.elements) {
    if (each.is_text() && GenerationId::parse(each.text)) ids.push_back(each.text);
  }
  co_return ids;
}

}  // namespace shunt::executor
