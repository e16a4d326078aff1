#include "queue/services/job_removal.hpp"

#include <utility>

#include "bullmq/error.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {

bullmq::awaitable<bool> JobRemoval::remove(std::string queue_key, std::string id) {
  if (!context_.queues.owns(queue_key)) co_return true;
  co_await context_.records.keep_request(id);
  bullmq::Queue queue = context_.queues.queue(queue_key);
  const int removed = co_await queue.remove(std::move(id));
  co_return removed == 1;
}

bullmq::awaitable<void> JobRemoval::try_to_remove(std::string queue_key, std::string id) {
  try {
    (void)co_await remove(std::move(queue_key), std::move(id));
  } catch (...) {
    note_caught(context_.faults, "remove_job");
  }
}

}  // namespace shunt::executor
