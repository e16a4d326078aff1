#pragma once

#include <string>

#include "queue/records/script_answers.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// What no generation has any more leaves the artifact store: bytes whose last record is gone, and, by their
// age, those of which no record tells. Files are touched on threads that may block. One thread: the loop's.
class ArtifactCleanup {
 public:
  explicit ArtifactCleanup(QueueContext& context) : context_(context) {}
  void start();
  void stop();

 private:
  bullmq::awaitable<void> remove_released();
  bullmq::awaitable<void> expire();

  QueueContext& context_;
  std::string position_{kScanStart};  // among the bytes that records tell of
  PeriodicDuty releasing_;
  PeriodicDuty expiring_;
};

}  // namespace shunt::executor
