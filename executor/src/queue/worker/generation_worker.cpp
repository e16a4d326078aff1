#include "queue/worker/generation_worker.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/server_facts.hpp"
#include "shunt/base/log.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

constexpr std::chrono::seconds kServerInterval{10};

JobProcessor::Models models_of(const ModelRegistry& registry, const QueueWorkerOptions& options) {
  JobProcessor::Models models;
  for (const auto& [name, model] : registry.all()) {
    const bool wanted =
        options.models.empty() || std::ranges::find(options.models, name) != options.models.end();
    if (!wanted) continue;
    Model own = model;
    if (options.concurrency) own.concurrency = *options.concurrency;
    // Whoever waits here has a job in this worker already.
    own.max_waiting = own.concurrency;
    models.emplace(name, std::make_shared<WorkerModel>(std::move(own)));
  }
  return models;
}

}  // namespace

GenerationWorker::GenerationWorker(const ModelRegistry& models, ArtifactStore& artifacts,
                                   EventLoopThreads& generator_loops, EventLoop& loop,
                                   QueueWorkerOptions options)
    : context_(artifacts, generator_loops, loop, std::move(options)),
      lease_(context_),
      jobs_(context_, lease_, models_of(models, context_.options)),
      part_closed_(loop) {}

void GenerationWorker::start() {
  notifications_ = std::make_shared<NotificationStream>(
      context_.loop, context_.faults,
      NotificationRecords(context_.blocking_connection, context_.connection, context_.keys, context_.process),
      NotificationRecords::Reader::kWorker,
      [this](const std::string& id, const std::string& message) { jobs_.on_notification(id, message); });
  notifications_->start();
  follow_connection();
  std::vector<WorkerLease::Model> taken;
  for (const auto& [name, model] : jobs_.models()) {
    take_from(name);
    taken.push_back({name, model->model.concurrency});
  }
  lease_.start(std::move(taken));
  learning_ = run_periodically(context_.loop, context_.faults, "server", kServerInterval,
                               [this] { return learn_server(); });
}

void GenerationWorker::follow_connection() {
  bullmq::Redis& connection = context_.connection;
  subscriptions_.push_back(connection.on_up().subscribe([this] {
    context_.health.connected();
    learning_.run_now();
  }));
  subscriptions_.push_back(connection.on_down().subscribe(
      [this] { context_.health.disconnected("the connection to Redis was lost"); }));
  subscriptions_.push_back(connection.on_error().subscribe(
      [this](const std::exception& error) { context_.health.disconnected(words_of(error)); }));
}

bullmq::WorkerOptions GenerationWorker::worker_options(const Model& model) const {
  const QueueOptions& queue = context_.options.queue;
  bullmq::WorkerOptions worker;
  worker.connection = connection_options(queue);
  worker.prefix = context_.keys.prefix;
  worker.name = lease_.name();
  worker.concurrency = model.concurrency;
  worker.lock_duration = queue.lock_duration;
  worker.stalled_interval = queue.stalled_interval;
  worker.fast_path = queue.fast_path;
  worker.max_stalled_count = static_cast<std::int64_t>(queue.max_stalled_count);
  // A generator has its model's grace to stop; what it still writes afterwards is fenced.
  worker.cancel_grace = model.stop_grace;
  return worker;
}

void GenerationWorker::take_from(const std::string& model) {
  const Model& limits = jobs_.models().at(model)->model;
  bullmq::Processor processor = [this, model](bullmq::Job job, std::stop_token stop) {
    return jobs_.process(std::move(job), std::move(stop), model);
  };
  workers_.emplace_back(context_.loop.context().get_executor(), queue_name(model), std::move(processor),
                        worker_options(limits));
  subscriptions_.push_back(workers_.back().events().error.subscribe([model](const std::exception& error) {
    log::warn("worker.error", {{"model", model}, {"error", words_of(error)}});
  }));
  if (context_.options.observer == nullptr) return;
  subscriptions_.push_back(workers_.back().events().lock_renewal_failed.subscribe(
      [observer = context_.options.observer, model](const std::vector<std::string>& jobs) {
        observer->locks_not_renewed(model, jobs.size());
      }));
}

bullmq::awaitable<void> GenerationWorker::learn_server() {
  const ServerFacts facts = co_await read_server_facts(context_.connection);
  const std::string before = context_.health.learnt(facts);
  log_policy(before, facts.eviction_policy);
}

void GenerationWorker::close_part(bullmq::awaitable<void> closing, const char* place) {
  ++closing_;
  boost::asio::co_spawn(context_.loop.context(), std::move(closing),
                        [this, place](const std::exception_ptr& failure) {
                          note_ended_with(context_.faults, place, failure);
                          --closing_;
                          part_closed_.notify_all();
                        });
}

bullmq::awaitable<WorkerReport> GenerationWorker::stop(std::chrono::milliseconds grace) {
  context_.enter(WorkerEvent::kStop);
  lease_.stop();
  learning_.stop();
  const std::size_t before = jobs_.running();
  // First of all no worker takes anything more.
  for (bullmq::Worker& worker : workers_) close_part(worker.close(grace), "worker_close");
  close_part(lease_.end(), "lease_end");
  std::function<bool()> closed = [this] { return closing_ == 0 || context_.phase() == WorkerPhase::kClosed; };
  (void)co_await part_closed_.wait_until(SteadyTime::max(), std::move(closed));
  WorkerReport report;
  report.given_back = std::min(before, jobs_.given_back());
  report.finished = before - report.given_back;
  co_return report;
}

void GenerationWorker::close() {
  if (!context_.enter(WorkerEvent::kClose)) return;
  lease_.stop();
  learning_.stop();
  subscriptions_.clear();
  workers_.clear();
  jobs_.abandon_all("the worker ends");
  notifications_->stop();
  context_.connection.close();
  part_closed_.notify_all();
  // What has not begun will not; what has is waited for when the loop has ended, so as not to hold it up.
  context_.files.stop();
}

}  // namespace shunt::executor
