#include "queue/worker/worker_context.hpp"

#include <boost/asio/io_context.hpp>
#include <utility>

#include "queue/runtime/process_name.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_address.hpp"

namespace shunt::executor {
namespace {

bullmq::SharedConnection connect(EventLoop& loop, const QueueOptions& queue, const std::string& name) {
  bullmq::ConnectionOptions options = connection_options(queue);
  options.command_timeout = queue.command_timeout;
  options.client_name = name;
  return bullmq::open_connection(loop.context().get_executor(), std::move(options));
}

GenerationRecordsOptions records_options(const QueueWorkerOptions& options, const std::string& process) {
  return {.queue = options.queue,
          .process = process,
          .clock = options.clock,
          .memory = options.memory,
          .observer = options.observer};
}

}  // namespace

void WorkerHealth::connected() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(away_logged_, false)) log::info("worker.redis_back");
  description_.connected = true;
  description_.reason.clear();
}

void WorkerHealth::disconnected(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(away_logged_, true)) log::warn("worker.redis_away", {{"reason", reason}});
  description_.connected = false;
  description_.reason = std::move(reason);
}

void WorkerHealth::running(std::size_t count) {
  const std::lock_guard lock(mutex_);
  description_.running = count;
}

std::string WorkerHealth::learnt(const ServerFacts& facts) {
  const std::lock_guard lock(mutex_);
  description_.server.version = facts.version;
  description_.warnings.clear();
  if (auto warning = eviction_warning(facts.eviction_policy))
    description_.warnings.push_back(std::move(*warning));
  return std::exchange(description_.server.eviction_policy, facts.eviction_policy);
}

WorkerDescription WorkerHealth::describe() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

WorkerContext::WorkerContext(ArtifactStore& artifact_store, EventLoopThreads& run_on, EventLoop& own_loop,
                             QueueWorkerOptions opts)
    : artifacts(artifact_store),
      generator_loops(run_on),
      loop(own_loop),
      options(std::move(opts)),
      clock(*options.clock),
      faults(options.faults != nullptr ? *options.faults : own_faults_),
      keys(options.queue.prefix),
      process(make_process_name("worker")),
      connection(connect(loop, options.queue, "shunt:worker"), keys.base),
      blocking_connection(connect(loop, options.queue, "shunt:worker-inbox"), keys.base),
      records(loop, connection, records_options(options, process)) {}

bool WorkerContext::enter(WorkerEvent event) {
  const WorkerPhase before = std::exchange(phase_, next_phase(phase_, event));
  return before != phase_;
}

}  // namespace shunt::executor
