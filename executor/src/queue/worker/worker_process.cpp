#include "queue/worker/worker_process.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "bullmq/error.hpp"
#include "queue/runtime/process_name.hpp"
#include "queue/runtime/redis_address.hpp"
#include "queue/runtime/redis_fault.hpp"
#include "queue/records/server_facts.hpp"
#include "shunt/base/log.hpp"

namespace shunt::executor {
namespace {

constexpr std::chrono::seconds kServerLook{10};

}  // namespace

WorkerCore::WorkerCore(const ModelRegistry& models, ArtifactStore& artifacts,
                       EventLoopThreads& generator_loops, EventLoop& loop, QueueWorkerOptions options)
    : artifacts_(artifacts),
      generator_loops_(generator_loops),
      loop_(loop),
      options_(std::move(options)),
      clock_(*options_.clock),
      faults_(options_.faults != nullptr ? *options_.faults : own_faults_),
      keys_(options_.queue.prefix),
      process_(make_process_name("worker")),
      commands_(connect("shunt:worker"), keys_.base),
      blocking_(connect("shunt:worker-inbox"), keys_.base),
      records_(loop, commands_,
               {.queue = options_.queue,
                .process = process_,
                .clock = options_.clock,
                .memory = options_.memory,
                .observer = options_.observer}),
      leases_(commands_, keys_),
      duties_(loop, faults_) {
  for (const auto& [name, model] : models.all()) {
    const bool wanted = options_.models.empty() || std::find(options_.models.begin(), options_.models.end(),
                                                             name) != options_.models.end();
    if (!wanted) continue;
    Model own = model;
    if (options_.concurrency) own.concurrency = *options_.concurrency;
    // Whoever waits here has a job in this worker already.
    own.max_waiting = own.concurrency;
    models_.emplace(name, std::make_shared<WorkerModel>(std::move(own)));
  }
}

bullmq::SharedConnection WorkerCore::connect(const std::string& name) const {
  bullmq::ConnectionOptions connection = connection_options(options_.queue);
  connection.command_timeout = options_.queue.command_timeout;
  connection.client_name = name;
  return bullmq::open_connection(loop_.context().get_executor(), std::move(connection));
}

bullmq::WorkerOptions WorkerCore::worker_options(const Model& model) const {
  bullmq::WorkerOptions worker;
  worker.connection = connection_options(options_.queue);
  worker.prefix = keys_.prefix;
  worker.name = lease_.name;
  worker.concurrency = model.concurrency;
  worker.lock_duration = options_.queue.lock_duration;
  worker.stalled_interval = options_.queue.stalled_interval;
  worker.fast_path = options_.queue.fast_path;
  worker.max_stalled_count = static_cast<std::int64_t>(options_.queue.max_stalled_count);
  // A generator has its model's grace to stop; what it still writes afterwards is fenced.
  worker.cancel_grace = model.stop_grace;
  return worker;
}

void WorkerCore::start() {
  lease_.process = process_;
  lease_.name = options_.name.empty() ? process_ : options_.name;
  lease_.version = options_.version;
  lease_.started_at = clock_.now();
  const std::weak_ptr<WorkerCore> weak = weak_from_this();
  notifications_ = std::make_shared<NotificationStream>(
      loop_, faults_, NotificationRecords(blocking_, commands_, keys_, process_),
      NotificationRecords::Reader::kWorker, [weak](const std::string& id, const std::string& message) {
        if (const auto self = weak.lock()) self->on_message(id, message);
      });
  notifications_->start();
  subscriptions_.push_back(commands_.on_up().subscribe([weak] {
    const auto self = weak.lock();
    if (!self) return;
    self->set_connected(true, {});
    self->duties_.hasten("server");
  }));
  subscriptions_.push_back(commands_.on_down().subscribe([weak] {
    if (const auto self = weak.lock()) self->set_connected(false, "the connection to Redis was lost");
  }));
  subscriptions_.push_back(commands_.on_error().subscribe([weak](const std::exception& error) {
    if (const auto self = weak.lock()) self->set_connected(false, error.what());
  }));
  for (const auto& [name, model] : models_) take_from(name);
  const auto weak_duty = [weak](awaitable<void> (WorkerCore::*duty)()) -> PeriodicDuties::Duty {
    return [weak, duty]() -> awaitable<void> {
      const auto self = weak.lock();
      if (!self) co_return;
      co_await (self.get()->*duty)();
    };
  };
  duties_.run_periodically("lease", options_.queue.lease / 3, weak_duty(&WorkerCore::tell_lease));
  duties_.run_periodically("server", kServerLook, weak_duty(&WorkerCore::learn_server));
}

void WorkerCore::take_from(const std::string& model) {
  const Model& limits = models_.at(model)->model;
  lease_.models.push_back({model, limits.concurrency});
  bullmq::Processor processor = [weak = weak_from_this(), model](
                                    bullmq::Job job, std::stop_token stop) -> awaitable<std::string> {
    const auto self = weak.lock();
    if (!self) throw bullmq::WaitingError();
    return self->process(std::move(job), std::move(stop), model);
  };
  workers_.emplace_back(loop_.context().get_executor(), queue_name(model), std::move(processor),
                        worker_options(limits));
  subscriptions_.push_back(workers_.back().events().error.subscribe([model](const std::exception& error) {
    log::warn("worker.error", {{"model", model}, {"error", error.what()}});
  }));
  if (options_.observer == nullptr) return;
  subscriptions_.push_back(workers_.back().events().lock_renewal_failed.subscribe(
      [observer = options_.observer, model](const std::vector<std::string>& jobs) {
        observer->locks_not_renewed(model, jobs.size());
      }));
}

void WorkerCore::set_connected(bool connected, std::string reason) {
  const std::lock_guard lock(mutex_);
  description_.connected = connected;
  description_.reason = std::move(reason);
}

WorkerDescription WorkerCore::describe() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

awaitable<void> WorkerCore::tell_lease() {
  lease_.running = runs_.size();
  {
    const std::lock_guard lock(mutex_);
    description_.running = runs_.size();
  }
  lease_told_ = clock_.steady_now();
  WorkerLease copy = lease_;
  co_await leases_.renew(std::move(copy), options_.queue.lease, clock_.now());
}

// A worker that has told that it is idle tells at once that it is not any more, but not all the time.
void WorkerCore::note_claim() {
  constexpr std::chrono::milliseconds kSoonest{250};
  const bool first = !lease_.last_claim_at;
  lease_.last_claim_at = clock_.now();
  const bool told_idle = lease_.running == 0 && clock_.steady_now() - lease_told_ >= kSoonest;
  if (first || told_idle) duties_.hasten("lease");
}

awaitable<void> WorkerCore::learn_server() {
  const ServerFacts facts = co_await read_server_facts(commands_);
  std::string before;
  {
    const std::lock_guard lock(mutex_);
    before = std::exchange(description_.server.eviction_policy, facts.eviction_policy);
    description_.server.version = facts.version;
    description_.warnings.clear();
    if (auto warning = eviction_warning(facts.eviction_policy))
      description_.warnings.push_back(std::move(*warning));
  }
  tell_policy(before, facts.eviction_policy);
}

awaitable<void> WorkerCore::give_up_lease() {
  try {
    WorkerLease copy = lease_;
    co_await leases_.end(std::move(copy));
  } catch (...) {
    // It expires by itself.
    note_caught(faults_, "lease_end");
  }
}

awaitable<WorkerReport> WorkerCore::stop(std::chrono::milliseconds grace) {
  const auto self = shared_from_this();
  stopping_ = true;
  duties_.stop();
  const std::size_t before = runs_.size();
  // In its own memory, because the callbacks may come after us.
  const auto closing = std::make_shared<std::size_t>(workers_.size() + 1);
  // First of all no worker takes anything more.
  for (bullmq::Worker& worker : workers_) {
    boost::asio::co_spawn(loop_.context(), worker.close(grace),
                          [self, closing](const std::exception_ptr& failure) {
                            note_ended_with(self->faults_, "worker_close", failure);
                            --*closing;
                          });
  }
  boost::asio::co_spawn(
      loop_.context(),
      [](std::shared_ptr<WorkerCore> core) -> awaitable<void> { co_await core->give_up_lease(); }(self),
      [self, closing](const std::exception_ptr& failure) {
        note_ended_with(self->faults_, "lease_end", failure);
        --*closing;
      });
  boost::asio::steady_timer pause(loop_.context());
  while (*closing > 0 && !closed_) {
    pause.expires_after(std::chrono::milliseconds(5));
    co_await pause.async_wait(boost::asio::use_awaitable);
  }
  WorkerReport report;
  report.given_back = std::min(before, given_back_);
  report.finished = before - report.given_back;
  co_return report;
}

void WorkerCore::close() {
  if (std::exchange(closed_, true)) return;
  stopping_ = true;
  duties_.stop();
  subscriptions_.clear();
  workers_.clear();
  // A copy, because a run that hears of it may leave the map.
  const auto runs = runs_;
  for (const auto& [id, run] : runs) run->abandon("the worker ends");
  notifications_->stop();
  commands_.close();
  // What has not begun will not; what has is waited for when the loop has ended, so as not to hold it up.
  files_.stop();
}

}  // namespace shunt::executor
