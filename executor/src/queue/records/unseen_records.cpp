#include "queue/records/unseen_records.hpp"

#include <utility>

#include "shunt/generation/generation_id.hpp"

namespace shunt::executor {

bullmq::awaitable<std::vector<std::string>> take_unseen(bullmq::Redis redis, GenerationKeys keys,
                                                        std::size_t most) {
  std::vector<std::string> command{"LPOP", keys.base + "unseen", std::to_string(most)};
  const bullmq::RedisReply reply = co_await redis.execute(std::move(command));
  std::vector<std::string> ids;
  for (const bullmq::RedisReply& each : reply.elements) {
    if (each.is_text() && GenerationId::parse(each.text)) ids.push_back(each.text);
  }
  co_return ids;
}

}  // namespace shunt::executor
