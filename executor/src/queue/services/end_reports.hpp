#pragma once

#include <string>

#include "queue/replicas/replicas.hpp"
#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"

namespace shunt::executor {

// Tells the observer of generations whose ends this process has seen. One thread: the loop's.
class EndReports {
 public:
  explicit EndReports(QueueContext& context) : context_(context) {}
  void report(const Replica& replica);

 private:
  bullmq::awaitable<void> report_failure(std::string id, std::string model, Error error);
  QueueContext& context_;
};

}  // namespace shunt::executor
