#pragma once

#include <string>
#include <vector>

#include "queue/services/end_reports.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Tells the observer of ends that no API process was told, because nobody watched: append.lua lists them, and
// whichever process takes one from the list counts it, so each is counted once. What a process has taken, and
// cannot read then or dies over, is counted by nobody. One thread: the loop's.
class UnseenEnds {
 public:
  explicit UnseenEnds(QueueContext& context) : context_(context), reports_(context) {}
  // Nothing, where there is no observer.
  void start();
  void stop();

 private:
  bullmq::awaitable<void> count_all();
  bullmq::awaitable<void> count(std::vector<std::string> ids);

  QueueContext& context_;
  EndReports reports_;
  PeriodicDuty counting_;
};

}  // namespace shunt::executor
