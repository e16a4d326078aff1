#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "bullmq/queue.hpp"
#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/base/clock.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// What is looked after of BullMQ's queues under the prefix, whether a model of that name is configured or
// not. A queue is named by its key, "<prefix>:<queue>". Every function throws bullmq::Error. Copies share the
// connection. One thread: the connection's.
class QueueKeyspace {
 public:
  QueueKeyspace(bullmq::Redis redis, const GenerationKeys& keys) : redis_(std::move(redis)), keys_(keys) {}

  // Whether it is a queue's key under our prefix.
  [[nodiscard]] bool owns(std::string_view queue_key) const;
  // The queue behind its key, which owns() it.
  [[nodiscard]] bullmq::Queue queue(const std::string& queue_key) const;

  // Looks for queues that nobody has told us of, a piece of all keys at a time, and remembers them among the
  // known ones. Returns where to go on; kScanEnd = that was all.
  bullmq::awaitable<std::string> discover(std::string position);
  // Some of them in turn, where there are very many.
  bullmq::awaitable<std::set<std::string>> known();
  // How many of its jobs ended so before `oldest`.
  enum class Ended { kCompleted, kFailed };
  bullmq::awaitable<std::size_t> ended_before(std::string queue_key, Ended how, WallTime oldest);
  // Its events carry return values and reasons.
  bullmq::awaitable<void> trim_events(std::string queue_key, WallTime oldest);
  // What BullMQ's clients read of a queue.
  bullmq::awaitable<void> write_meta(std::string queue_key, std::size_t max_events);

 private:
  bullmq::Redis redis_;
  GenerationKeys keys_;
};

}  // namespace shunt::executor
