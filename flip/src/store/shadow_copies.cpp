#include "store/shadow_copies.hpp"

#include <utility>
#include <vector>

namespace shunt::flip {
namespace {

// Where copies lie (docs/contract/ends.md), each with the command that counts them: jobs that nobody has
// removed, and generations that have not ended. Records leave by themselves.
using Command = std::vector<std::string>;
std::vector<Command> counts_of(const std::string& base, const std::string& queue) {
  return {{"LLEN", queue + ":wait"},       {"LLEN", queue + ":active"},  {"ZCARD", queue + ":delayed"},
          {"ZCARD", queue + ":completed"}, {"ZCARD", queue + ":failed"}, {"ZCARD", base + "o:" + queue}};
}

// More queues than anybody has models.
constexpr std::size_t kMostQueues = 1'000;

}  // namespace

bullmq::awaitable<bool> has_copies(bullmq::Redis redis, std::string base) {
  Command known{"SRANDMEMBER", base + "queues", std::to_string(kMostQueues)};
  const bullmq::RedisReply queues = co_await redis.execute(std::move(known));
  for (const bullmq::RedisReply& queue : queues.elements) {
    if (!queue.is_text()) continue;
    for (Command& command : counts_of(base, queue.text)) {
      const bullmq::RedisReply count = co_await redis.execute(std::move(command));
      if (count.to_int() > 0) co_return true;
    }
  }
  co_return false;
}

}  // namespace shunt::flip
