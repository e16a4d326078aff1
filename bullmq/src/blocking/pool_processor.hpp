#pragma once

#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_set>

#include "blocking/gate.hpp"
#include "blocking/thread_pool.hpp"
#include "bullmq/blocking_processor.hpp"
#include "bullmq/worker.hpp"

namespace bullmq::detail {

// Makes a worker's coroutine processor of a blocking one: each job goes to a thread of a pool, and its end
// comes back to the executor. The executor's thread only.
class PoolProcessor : public std::enable_shared_from_this<PoolProcessor> {
 public:
  // Throws ValidationError for an empty processor.
  PoolProcessor(Executor executor, BlockingProcessor processor, const WorkerOptions& options);
  ~PoolProcessor();

  // Keeps this alive.
  [[nodiscard]] Processor as_coroutine();
  void set_concurrency(std::size_t concurrency) { pool_.set_limit(concurrency); }
  // Handles of jobs stop working, and the threads are waited for, at most for `grace`. Jobs that still run
  // end with an error.
  void end(Milliseconds grace);

 private:
  struct Run;
  static awaitable<std::string> process(std::shared_ptr<PoolProcessor> self, Job job, std::stop_token stop);
  void start(Job job, std::stop_token stop, const std::shared_ptr<Run>& run);

  std::shared_ptr<const BlockingProcessor> processor_;
  std::shared_ptr<Gate> gate_;
  ThreadPool pool_;
  // Those that wait for their thread.
  std::unordered_set<std::shared_ptr<Run>> runs_;
};

}  // namespace bullmq::detail
