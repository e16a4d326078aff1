#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shunt/base/clock.hpp"
#include "shunt/base/result.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/queue_options.hpp"

namespace shunt::executor {

// What a Redis says of itself, and how quickly it answers.
struct ServerReading {
  std::chrono::milliseconds reached_in{0};  // from the first attempt to connect to the first answer
  std::string info;                         // INFO's text; "" where that is forbidden
  std::optional<std::chrono::milliseconds> clock_skew;  // against ours, whichever is ahead; none without TIME
  // Calls of a script, one after the other; none where scripts are forbidden.
  std::vector<std::chrono::microseconds> script_calls;
  // Of the commands that are needed, those that its rules (ACL) forbid this user; none where it cannot be
  // asked.
  std::optional<std::vector<std::string>> refused_commands{};
};

// What of generations is in Redis.
struct QueueContents {
  struct Queue {
    std::string model;  // of models that are configured no longer, too
    std::uint64_t waiting = 0;
    std::uint64_t active = 0;
    std::uint64_t delayed = 0;
    std::uint64_t awaited = 0;  // open in their records and in no list of the queue
  };
  std::vector<Queue> queues;  // by name
  // Ended generations whose records are there, and idempotency keys that hold: how many, and when the last of
  // them goes by itself.
  std::uint64_t results = 0;
  std::optional<WallTime> results_until;
  std::uint64_t keys = 0;
  std::optional<WallTime> keys_until;
  bool at_least = false;  // there are more results than a look counts
};

// Looks into a queue's Redis for people who are about to use it, or to take it away. Changes nothing. Makes a
// connection for each look and ends it, so that it costs nothing in between. Any thread; each callback comes
// exactly once, on the inspector's thread, within some seconds whatever Redis does.
class QueueInspector {
 public:
  virtual ~QueueInspector() = default;

  // Fails with `queue_unavailable`, whose message says why Redis cannot be used, without its address.
  virtual void read_server(std::function<void(Result<ServerReading>)> done) = 0;
  // `models`: those that are looked at even if no queue of theirs is known. Fails likewise.
  virtual void read_contents(std::vector<std::string> models,
                             std::function<void(Result<QueueContents>)> done) = 0;
};

// `clock` outlives it; so does everything that callbacks refer to. Looks that are under way when it is
// destroyed fail.
[[nodiscard]] std::unique_ptr<QueueInspector> make_queue_inspector(QueueOptions options,
                                                                   const Clock& clock = system_clock());

}  // namespace shunt::executor
