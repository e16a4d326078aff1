// A processor of the wrong shape.
// expected: bullmq: a processor is called with (bullmq::Job, std::stop_token)
#include <bullmq/worker.hpp>

void work(bullmq::Executor executor) {
  bullmq::Worker worker(executor, "queue", [](int number) { return number; });
}
