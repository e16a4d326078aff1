#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "queue/records/stored_generation.hpp"
#include "queue/replicas/unreported_job.hpp"
#include "queue/services/job_removal.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Writes ends that no worker writes: anybody who notices one may do it, and the first wins, in Redis. Every
// function tells whether it has written something, and throws bullmq::Error. One thread: the loop's.
class EndWriter {
 public:
  EndWriter(QueueContext& context, JobRemoval& jobs) : context_(context), jobs_(jobs) {}

  // Appends these events for the attempt that may write (LogBatch::attempt).
  bullmq::awaitable<bool> append(std::string id, std::optional<std::uint64_t> attempt,
                                 std::vector<GenerationEvent> events);
  // Whatever the job tells that the log does not.
  bullmq::awaitable<bool> report(std::string id, UnreportedGeneration unreported);
  // Ends an open sync generation whose owner is gone.
  bullmq::awaitable<bool> interrupt(const StoredGeneration& stored);
  // Ends a generation that has ended, or whose time is over, without anybody's having said so. `stored` lives
  // until it returns.
  bullmq::awaitable<bool> end_if_over(const StoredGeneration& stored);

 private:
  QueueContext& context_;
  JobRemoval& jobs_;
};

// How a sync generation ends whose owner is gone.
[[nodiscard]] Error interrupted();

// Whether the log has no end, and none has to be loaded first.
[[nodiscard]] bool is_open(const StoredGeneration& stored);

}  // namespace shunt::executor
