#include "queue/worker/generation_worker.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/records/server_facts.hpp"
#include "shunt/executor/redis/redis_address.hpp"
#include "shunt/executor/redis/redis_fault.hpp"

namespace shunt::executor {
namespace {

constexpr std::chrono::seconds kServerInterval{10};

}  // namespace

GenerationWorker::GenerationWorker(const ModelRegistry& models, ArtifactStore& artifacts,
                                   EventLoopThreads& generator_loops, EventLoop& loop,
                                   QueueWorkerOptions options)
    : models_(models),
      chosen_(options.models),
      concurrency_(options.concurrency),
      context_(artifacts, generator_loops, loop, std::move(options)),
      lease_(context_),
      jobs_(context_, lease_),
      part_closed_(loop) {}

void GenerationWorker::start() {
  notifications_ = std::make_shared<NotificationStream>(
      context_.loop, context_.faults,
      NotificationRecords(context_.blocking_connection, context_.connection, context_.keys, context_.process),
      NotificationRecords::Reader::kWorker,
      [this](const std::string& id, const std::string& message) { jobs_.on_notification(id, message); });
  notifications_->start();
  follow_connection();
  for (const auto& [name, model] : wanted_models()) consumers_.emplace(name, take_from(model));
  lease_.start(leased_models());
  learning_ = run_periodically(context_.loop, context_.faults, "server", kServerInterval,
                               [this] { return learn_server(); });
}

void GenerationWorker::follow_models() {
  if (context_.phase() != WorkerPhase::kTaking) return;
  const auto wanted = wanted_models();
  for (auto each = consumers_.begin(); each != consumers_.end();) {
    const auto found = wanted.find(each->first);
    if (found != wanted.end() && goes_on(*each->second, found->second)) {
      ++each;
      continue;
    }
    retire(std::move(each->second));
    each = consumers_.erase(each);
  }
  for (const auto& [name, model] : wanted) {
    if (!consumers_.contains(name)) consumers_.emplace(name, take_from(model));
  }
  lease_.take(leased_models());
}

void GenerationWorker::choose(std::vector<std::string> models, std::optional<std::size_t> concurrency) {
  chosen_ = std::move(models);
  concurrency_ = concurrency;
  follow_models();
}

std::map<std::string, std::shared_ptr<const Model>> GenerationWorker::wanted_models() const {
  std::map<std::string, std::shared_ptr<const Model>> wanted;
  for (const auto& [name, model] : models_.all()) {
    if (chosen_.empty() || std::ranges::find(chosen_, name) != chosen_.end()) wanted.emplace(name, model);
  }
  return wanted;
}

Model GenerationWorker::own_copy(const Model& configured) const {
  Model own = configured;
  if (concurrency_) own.concurrency = *concurrency_;
  // Whoever waits here has a job in this worker already.
  own.max_waiting = own.concurrency;
  return own;
}

bool GenerationWorker::goes_on(Consumer& consumer, const std::shared_ptr<const Model>& configured) {
  Model own = own_copy(*configured);
  if (consumer.configured == configured && consumer.worker.concurrency() == own.concurrency) return true;
  // How long a job may take to stop is fixed when a consumer begins.
  if (consumer.configured->stop_grace != configured->stop_grace) return false;
  consumer.configured = configured;
  consumer.worker.set_concurrency(own.concurrency);
  *consumer.run_by = std::make_shared<WorkerModel>(std::move(own));
  return true;
}

void GenerationWorker::retire(std::shared_ptr<Consumer> consumer) {
  bullmq::Worker& worker = consumer->worker;
  const auto place = retired_.insert(retired_.end(), std::move(consumer));
  close_part(worker.close(), "worker_retired", [this, place] { retired_.erase(place); });
}

std::vector<WorkerLease::Model> GenerationWorker::leased_models() const {
  std::vector<WorkerLease::Model> models;
  for (const auto& [name, consumer] : consumers_) {
    models.push_back({name, (*consumer->run_by)->model.concurrency});
  }
  return models;
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

std::shared_ptr<GenerationWorker::Consumer> GenerationWorker::take_from(
    const std::shared_ptr<const Model>& configured) {
  const std::string& model = configured->name;
  const auto run_by =
      std::make_shared<std::shared_ptr<WorkerModel>>(std::make_shared<WorkerModel>(own_copy(*configured)));
  bullmq::Processor processor = [this, run_by](bullmq::Job job, std::stop_token stop) {
    return jobs_.process(std::move(job), std::move(stop), *run_by);
  };
  bullmq::Worker worker(context_.loop.context().get_executor(), queue_name(model), std::move(processor),
                        worker_options((*run_by)->model));
  const auto consumer = std::make_shared<Consumer>(Consumer{configured, run_by, std::move(worker), {}});
  bullmq::WorkerEvents& events = consumer->worker.events();
  consumer->subscriptions.push_back(events.error.subscribe([this, model](const std::exception& error) {
    context_.faults.note(FaultLog::Source::kPlace, "worker", kind_of_fault(error),
                         "model " + model + ": " + words_of(error));
  }));
  if (context_.options.observer == nullptr) return consumer;
  consumer->subscriptions.push_back(events.lock_renewal_failed.subscribe(
      [observer = context_.options.observer, model](const std::vector<std::string>& jobs) {
        observer->locks_not_renewed(model, jobs.size());
      }));
  return consumer;
}

bullmq::awaitable<void> GenerationWorker::learn_server() {
  const ServerFacts facts = co_await read_server_facts(context_.connection);
  const std::string before = context_.health.learnt(facts);
  log_policy(before, facts.eviction_policy);
}

void GenerationWorker::close_part(bullmq::awaitable<void> closing, const char* place,
                                  std::function<void()> then) {
  ++closing_;
  boost::asio::co_spawn(context_.loop.context(), std::move(closing),
                        [this, place, then = std::move(then)](const std::exception_ptr& failure) {
                          note_ended_with(context_.faults, place, failure);
                          --closing_;
                          part_closed_.notify_all();
                          if (then && context_.phase() != WorkerPhase::kClosed) then();
                        });
}

bullmq::awaitable<WorkerReport> GenerationWorker::stop(std::chrono::milliseconds grace) {
  context_.enter(WorkerEvent::kStop);
  lease_.stop();
  learning_.stop();
  const std::size_t before = jobs_.running();
  // First of all no worker takes anything more.
  for (const auto& [name, consumer] : consumers_) close_part(consumer->worker.close(grace), "worker_close");
  // Those that are closing already do so by then, too.
  const auto retiring = retired_;
  for (const auto& consumer : retiring) close_part(consumer->worker.close(grace), "worker_close");
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
  consumers_.clear();
  retired_.clear();
  jobs_.abandon_all("the worker ends");
  notifications_->stop();
  context_.connection.close();
  part_closed_.notify_all();
  // What has not begun will not; what has is waited for when the loop has ended, so as not to hold it up.
  context_.files.stop();
}

}  // namespace shunt::executor
