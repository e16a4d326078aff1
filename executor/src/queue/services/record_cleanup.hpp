#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "queue/records/script_answers.hpp"
#include "queue/services/job_removal.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// What is kept no longer leaves Redis. Records expire by themselves. BullMQ removes an ended job only when
// the next one of its queue ends the same way, its event stream keeps return values until it is long, and a
// queue whose model is configured no longer is nobody's: those are looked after here, a bounded piece at a
// time. One thread: the loop's.
class RecordCleanup {
 public:
  RecordCleanup(QueueContext& context, JobRemoval& jobs) : context_(context), jobs_(jobs) {}
  void start();
  void stop();

 private:
  bullmq::awaitable<void> write_metas();
  bullmq::awaitable<void> clean_queues();
  bullmq::awaitable<void> discover_queues();
  bullmq::awaitable<void> clean_queue(std::string queue_key);
  bullmq::awaitable<void> remove_strays(std::string queue_key);
  bullmq::awaitable<void> trim_ids();

  QueueContext& context_;
  JobRemoval& jobs_;
  std::string scan_position_{kScanStart};           // among all keys, for queues that nobody has told us of
  std::string callers_position_{kScanStart};        // among the callers whose indexes are trimmed
  std::map<std::string, std::size_t> strays_from_;  // by queue: where the next look at its jobs begins
  PeriodicDuty metas_;
  PeriodicDuty cleaning_;
  PeriodicDuty trimming_;
};

}  // namespace shunt::executor
