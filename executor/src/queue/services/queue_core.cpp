#include "queue/services/queue_core.hpp"

#include <algorithm>
#include <utility>

#include "queue/runtime/process_name.hpp"
#include "queue/services/queue_launch.hpp"
#include "queue/runtime/redis_address.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::executor {
namespace {

bullmq::SharedConnection connect(EventLoop& loop, const QueueOptions& queue,
                                 std::chrono::milliseconds timeout, bool wait_for_connection,
                                 std::string name) {
  bullmq::ConnectionOptions options = connection_options(queue);
  options.command_timeout = timeout;
  options.connect_timeout = std::max(timeout, std::chrono::milliseconds(1'000));
  options.reconnect_max = std::chrono::milliseconds(1'000);
  options.offline_queue = wait_for_connection;
  options.client_name = std::move(name);
  return bullmq::open_connection(loop.context().get_executor(), std::move(options));
}

GenerationRecordsOptions records_options(const QueueExecutorOptions& options, const std::string& process) {
  return {.queue = options.queue, .process = process, .clock = options.clock, .memory = options.memory};
}

}  // namespace

QueueCore::QueueCore(const ModelRegistry& registry, ArtifactStore& artifact_store, QueueExecutorOptions opts,
                     EventLoop& own_loop)
    : models(registry),
      artifacts(artifact_store),
      options(std::move(opts)),
      clock(*options.clock),
      faults(options.faults != nullptr ? *options.faults : own_faults_),
      loop(own_loop),
      keys(options.queue.prefix),
      process(make_process_name("api")),
      ids(clock),
      // Admission and add are one command each, and share the deadline.
      commands_(connect(loop, options.queue, options.queue.enqueue_deadline / 2, false, "shunt:submit"),
                keys.base),
      queries_(connect(loop, options.queue, options.queue.command_timeout, true, "shunt:query"), keys.base),
      lists_(connect(loop, options.queue, options.queue.command_timeout, true, "shunt:list"), keys.base),
      blocking_(connect(loop, options.queue, options.queue.command_timeout, true, "shunt:inbox"), keys.base),
      submitting_(loop, commands_, records_options(options, process)),
      records_(loop, queries_, records_options(options, process)),
      listing_(loop, lists_, records_options(options, process)),
      queue_keys_(queries_, keys),
      listed_queues_(lists_, keys),
      duties_(own_loop, faults) {}

void QueueCore::start() {
  for (const auto& [name, model] : models.all()) {
    bullmq::QueueOptions queue;
    queue.prefix = keys.prefix;
    queue.skip_metas_update = true;
    queue.fast_path = options.queue.fast_path;
    queues_.emplace(name, bullmq::Queue(commands_.connection(), queue_name(name), std::move(queue)));
  }
  const std::weak_ptr<QueueCore> weak = weak_from_this();
  notifications_ = std::make_shared<NotificationStream>(
      loop, faults, NotificationRecords(blocking_, queries_, keys, process), NotificationRecords::Reader::kApi,
      [weak](const std::string& id, const std::string& message) {
        if (const auto self = weak.lock()) self->on_message(id, message);
      });
  notifications_->start();
  subscriptions_.push_back(commands_.on_up().subscribe([weak] {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    self->was_connected_ = true;
    self->note_connection(true);
    self->duties_.hasten("health");
    self->duties_.hasten("server");
  }));
  subscriptions_.push_back(commands_.on_error().subscribe([weak](const std::exception& error) {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    self->note_error(error.what());
    self->set_health(Health::kDegraded, error.what());
  }));
  subscriptions_.push_back(commands_.on_down().subscribe([weak] {
    const auto self = weak.lock();
    if (!self || self->closed_) return;
    self->note_connection(false);
    self->note_error("the connection to Redis was lost");
    self->set_health(Health::kDegraded, "the connection to Redis was lost");
  }));
  start_duties();
}

void QueueCore::close() {
  if (std::exchange(closed_, true)) return;
  subscriptions_.clear();
  duties_.stop();
  notifications_->stop();
  commands_.close();
  queries_.close();
  lists_.close();
  // What has not begun will not; what has is waited for when the loop has ended, so as not to hold it up.
  files_.stop();
}

ExecutorDescription QueueCore::describe() const {
  ExecutorDescription description{.name = "queue", .mode = "queue", .reason = {}};
  const std::lock_guard lock(health_mutex_);
  description.health = health_;
  description.reason = health_reason_;
  description.running = replicas_.running();
  description.waiting = replicas_.waiting();
  description.models = models_seen_;
  description.redis = health_ == Health::kReady ? std::string("ready") : health_reason_;
  description.models_as_of = models_seen_at_;
  description.server = server_;
  description.warnings = warnings();
  description.broken_records = broken_.count();
  if (draining) {
    description.health = Health::kDraining;
    description.reason = "the service is shutting down";
  }
  return description;
}

void QueueCore::set_health(Health health, std::string reason) {
  const std::lock_guard lock(health_mutex_);
  health_ = health;
  health_reason_ = std::move(reason);
  if (health == Health::kReady) return;
  models_seen_.clear();
  models_seen_at_.reset();
  fleet_.reset();
}

void QueueCore::tell_ended(const Replica& replica) {
  if (options.observer == nullptr) return;
  const GenerationRecord record = replica.generation->record(Generation::Detail::kSummary);
  const std::string code = replica.generation->error_code();
  const auto until = record.finished_at.value_or(clock.now());
  const auto begun = record.started_at.value_or(until);
  // Two machines' clocks: what a worker's is ahead is no time that anybody has waited.
  const auto hand_back = std::max(clock.now() - until, std::chrono::milliseconds(0));
  options.observer->ended({.id = replica.id,
                           .model = replica.model,
                           .path = "queue",
                           .state = record.state,
                           .error_code = code,
                           .waited = std::chrono::nanoseconds(begun - record.created_at),
                           .ran = std::chrono::nanoseconds(until - begun),
                           .hand_back = hand_back});
  if (!record.error) return;
  launch(
      [](std::shared_ptr<QueueCore> self, std::string id, std::string model, Error error) -> awaitable<void> {
        co_await self->tell_failed(std::move(id), std::move(model), std::move(error));
      },
      replica.id, replica.model, *record.error);
}

// Which worker had it only its record knows.
awaitable<void> QueueCore::tell_failed(std::string id, std::string model, Error error) {
  GenerationRecords::LastAttempt last;
  try {
    last = co_await records_.last_attempt(id);
  } catch (...) {
    note_caught(faults, "failed_worker");
  }
  options.observer->failed({.id = id,
                            .model = model,
                            .path = "queue",
                            .error = error,
                            .attempt = static_cast<std::size_t>(last.attempt),
                            .worker = last.worker});
}

}  // namespace shunt::executor
