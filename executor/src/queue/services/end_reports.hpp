#pragma once

#include <string>

#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/generation/generation.hpp"

namespace shunt::executor {

// Tells the observer of generations whose ends this process has seen. One thread: the loop's.
class EndReports {
 public:
  explicit EndReports(QueueContext& context) : context_(context) {}
  // Afterwards: nobody waited for it here, so that it was handed back to nobody.
  enum class Seen { kWatched, kAfterwards };
  void report(const Generation& ended, Seen seen = Seen::kWatched);

 private:
  bullmq::awaitable<void> report_failure(std::string id, std::string model, Error error);
  QueueContext& context_;
};

}  // namespace shunt::executor
