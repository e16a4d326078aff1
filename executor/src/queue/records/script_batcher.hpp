#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bullmq/batcher.hpp"
#include "bullmq/redis.hpp"
#include "bullmq/redis_reply.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What a script that takes any number of items is given for one of them, and what it answered.
struct ScriptItem : bullmq::BatchItem {
  // `urgent` ends a linger.
  explicit ScriptItem(std::vector<std::string> of, bool is_urgent = false);

  std::vector<std::string> arguments;
  bullmq::RedisReply reply;
};

struct ScriptBatcherOptions {
  std::vector<std::string> keys;
  // What stands before the items' arguments; is asked for each call.
  std::function<std::vector<std::string>()> common;
  // Executed twice it does no harm.
  bool idempotent = false;
  // After a call that many shared, the next one waits this long, unless an item is urgent: under load it is
  // the number of calls that costs.
  std::chrono::milliseconds linger{0};
  // Is told after each call; may be empty.
  std::function<void(const bullmq::BatchCall&)> on_call;
};

// Items that share calls of a script, one call at a time, so they reach Redis in the order in which they
// joined. join() throws what bullmq::Redis::run() does, and what bullmq::Batcher does. One thread: the
// connection's.
using ScriptBatcher = bullmq::Batcher<ScriptItem>;

// `script` outlives the batcher.
[[nodiscard]] ScriptBatcher make_script_batcher(EventLoop& loop, bullmq::Redis redis,
                                                const bullmq::RedisScript& script,
                                                ScriptBatcherOptions options);

}  // namespace shunt::executor
