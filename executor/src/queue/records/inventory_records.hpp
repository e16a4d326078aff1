#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bullmq/redis.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_inspector.hpp"

namespace shunt::executor {

// What is counted of generations and of the server when somebody inspects a queue. Every function throws
// bullmq::Error. Copies share the connection. One thread: the connection's.
class InventoryRecords {
 public:
  InventoryRecords(bullmq::Redis redis, const GenerationKeys& keys) : redis_(std::move(redis)), keys_(keys) {}

  bullmq::awaitable<void> ping();
  bullmq::awaitable<std::string> info();
  bullmq::awaitable<WallTime> server_time();
  // A script that reads a key and changes nothing: what one costs.
  bullmq::awaitable<void> call_script();
  // Of the commands that are needed, those that this user may not send; nothing: the server cannot be asked.
  bullmq::awaitable<std::optional<std::vector<std::string>>> refused_commands();

  struct Kept {
    std::uint64_t count = 0;
    std::chrono::milliseconds longest{0};
    std::string next;  // of results: where to go on; "" = that was all
  };
  bullmq::awaitable<Kept> results(std::string after, std::size_t most);
  bullmq::awaitable<Kept> idempotency_keys(std::vector<std::string> callers);
  struct Callers {
    std::vector<std::string> names;
    std::string next;  // kScanEnd = that was all
  };
  bullmq::awaitable<Callers> callers(std::string position);
  bullmq::awaitable<std::uint64_t> open(std::string queue_key);

 private:
  bullmq::awaitable<bullmq::RedisReply> execute(std::vector<std::string> command);
  bullmq::awaitable<bullmq::RedisReply> run(const bullmq::RedisScript& script,
                                            std::vector<std::string> arguments);

  bullmq::Redis redis_;
  GenerationKeys keys_;
};

}  // namespace shunt::executor
