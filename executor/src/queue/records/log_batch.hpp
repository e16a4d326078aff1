#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/records/call_group.hpp"
#include "queue/records/generation_keys.hpp"
#include "shunt/executor/observer.hpp"
#include "shunt/executor/queue_options.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::executor {

struct AppendAnswer {
  // false: the log is elsewhere, or the writer has lost its right; nothing was written.
  bool taken = false;
  // Somebody wants the generation to stop, and why.
  std::optional<std::string> cancel_reason;
};

// Events that continue a generation's log.
struct LogBatch {
  std::string id;
  std::string attempt;  // the writer's right to write; "" = whoever comes first
  std::uint64_t first = 0;
  std::size_t count = 0;
  std::string events;  // encode_events
  std::string ending;  // "" or the terminal state
};

// Makes a batch of events that are numbered already.
[[nodiscard]] LogBatch make_batch(std::string id, std::string attempt,
                                  const std::vector<GenerationEvent>& events);

// Appends to the logs of any number of generations, many in one call when many come at a time: a token costs
// no round trip. One thread: its connection's.
class LogWriter {
 public:
  // `observer` may be null; it outlives the writer.
  LogWriter(EventLoop& loop, bullmq::Redis redis, const GenerationKeys& keys, const QueueOptions& options,
            WorkerObserver* observer = nullptr);

  // Throws bullmq::Error: it is not known whether the batch was written, and appending the same batch again
  // does no harm.
  [[nodiscard]] bullmq::awaitable<AppendAnswer> append(LogBatch batch);

 private:
  const std::string retention_ms_;
  const std::shared_ptr<CallGroup> calls_;
};

}  // namespace shunt::executor
