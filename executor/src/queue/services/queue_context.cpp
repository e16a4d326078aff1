#include "queue/services/queue_context.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <utility>

#include "queue/runtime/process_name.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

enum class Offline { kFail, kWait };

bullmq::SharedConnection connect(EventLoop& loop, const QueueOptions& queue,
                                 std::chrono::milliseconds timeout, Offline offline, std::string name) {
  bullmq::ConnectionOptions options = connection_options(queue);
  options.command_timeout = timeout;
  options.connect_timeout = std::max(timeout, std::chrono::milliseconds(1'000));
  options.reconnect_max = std::chrono::milliseconds(1'000);
  options.offline_queue = offline == Offline::kWait;
  options.client_name = std::move(name);
  return bullmq::open_connection(loop.context().get_executor(), std::move(options));
}

bullmq::SharedConnection connect_to_query(EventLoop& loop, const QueueOptions& queue, std::string name) {
  return connect(loop, queue, queue.command_timeout, Offline::kWait, std::move(name));
}

GenerationRecordsOptions records_options(const QueueExecutorOptions& options, const std::string& process) {
  return {.queue = options.queue, .process = process, .clock = options.clock, .memory = options.memory};
}

}  // namespace

QueueContext::QueueContext(const ModelRegistry& registry, ArtifactStore& artifact_store,
                           QueueExecutorOptions opts, EventLoop& own_loop)
    : models(registry),
      artifacts(artifact_store),
      options(std::move(opts)),
      clock(*options.clock),
      loop(own_loop),
      faults(options.faults != nullptr ? *options.faults : own_faults_),
      keys(options.queue.prefix),
      process(make_process_name("api")),
      broken(clock),
      // Admission and add are one command each, and share the deadline.
      submit_connection(
          connect(loop, options.queue, options.queue.enqueue_deadline / 2, Offline::kFail, "shunt:submit"),
          keys.base),
      query_connection(connect_to_query(loop, options.queue, "shunt:query"), keys.base),
      list_connection(connect_to_query(loop, options.queue, "shunt:list"), keys.base),
      blocking_connection(connect_to_query(loop, options.queue, "shunt:inbox"), keys.base),
      submit_records(loop, submit_connection, records_options(options, process)),
      records(loop, query_connection, records_options(options, process)),
      list_records(loop, list_connection, records_options(options, process)),
      registrations(submit_connection, records_options(options, process)),
      sync_records(query_connection, records_options(options, process)),
      queues(query_connection, keys),
      listed_queues(list_connection, keys) {}

void QueueContext::launch(bullmq::awaitable<void> work) {
  boost::asio::co_spawn(loop.context(), std::move(work), [this](const std::exception_ptr& failure) {
    note_ended_with(faults, "launched", failure);
  });
}

void QueueContext::close() {
  submit_connection.close();
  query_connection.close();
  list_connection.close();
  // What has not begun will not; what has is waited for when the loop has ended, so as not to hold it up.
  files.stop();
}

Error QueueContext::report_broken(std::string_view id, Error error) {
  broken.tell("record", id, error.message);
  return error;
}

std::chrono::milliseconds QueueContext::grace_of(std::string_view model_name) const {
  const auto model = models.find(model_name);
  const auto stop_grace = model == nullptr ? std::chrono::milliseconds(0) : model->stop_grace;
  return stop_grace + lost_worker_bound(options.queue);
}

std::vector<std::string> QueueContext::model_names() const {
  std::vector<std::string> names;
  for (const auto& [name, model] : models.all()) names.push_back(name);
  return names;
}

const std::map<std::string, std::chrono::milliseconds>& QueueContext::timeouts() {
  for (const auto& [name, model] : models.all()) {
    // What was admitted with a longer one goes by that.
    auto& longest = timeouts_[name];
    longest = std::max(longest, model->timeout);
  }
  return timeouts_;
}

Error cannot_look(const std::exception& error) {
  return Error{error_code::kQueueUnavailable, "generations cannot be looked up now", Retryable::kYes}
      .with_internal(words_of(error));
}

}  // namespace shunt::executor
