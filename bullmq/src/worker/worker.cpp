#include "bullmq/worker.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "bullmq/error.hpp"
#include "core/identity.hpp"
#include "core/job_validation.hpp"
#include "core/run_detached.hpp"
#include "redis/endpoint.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

namespace asio = boost::asio;
using detail::WorkerAction;
using detail::WorkerEvent;

namespace {

void validate(const std::string& queue, const WorkerOptions& options) {
  detail::validate_queue_name(queue);
  if (options.concurrency == 0) throw ValidationError("concurrency must be a finite number greater than 0");
  if (options.max_stalled_count < 0) throw ValidationError("maxStalledCount must be greater or equal than 0");
  if (options.max_started_attempts && *options.max_started_attempts < 0) {
    throw ValidationError("maxStartedAttempts must be greater or equal than 0");
  }
  if (options.stalled_interval.count() <= 0) throw ValidationError("stalledInterval must be greater than 0");
  if (options.drain_delay.count() <= 0) throw ValidationError("drainDelay must be greater than 0");
  if (options.lock_duration.count() <= 0) {
    throw ValidationError("lock_duration must be greater than 0 ms, got " +
                          std::to_string(options.lock_duration.count()));
  }
  if (options.limiter && (options.limiter->max <= 0 || options.limiter->duration.count() <= 0)) {
    throw ValidationError("limiter: max and duration must be greater than 0");
  }
  detail::require_hash_tag(options.connection, options.prefix, queue);
}

}  // namespace

Worker::State::State(Executor executor_of_worker, const std::string& queue, Processor process_function,
                     WorkerOptions worker_options)
    : executor(std::move(executor_of_worker)),
      id(detail::make_uuid()),
      processor(std::move(process_function)),
      options(std::move(worker_options)),
      concurrency(options.concurrency),
      loop_wakeup(executor),
      stalled_wakeup(executor) {
  const std::string routing_key = options.prefix + ":" + queue + ":";
  // A worker waits for Redis for ever.
  options.connection.offline_queue = true;
  backend = std::make_shared<detail::QueueBackend>(
      detail::Connection::open(executor, options.connection, routing_key), options.prefix, queue);
  backend->policy = {options.name,           options.lock_duration,
                     options.limiter,        options.remove_on_complete,
                     options.remove_on_fail, options.metrics_max_data_points};
  backend->fast_path = options.fast_path;
  ConnectionOptions named = options.connection;
  named.client_name =
      detail::client_name(options.prefix, queue, options.name.empty() ? "" : ":w:" + options.name);
  blocking = detail::Connection::open(executor, std::move(named), routing_key);
}

void Worker::State::listen_to_connections() {
  const std::weak_ptr<State> weak = weak_from_this();
  backend->on_progress = [weak](const Job& job, std::string_view progress) {
    if (const auto self = weak.lock()) self->emit(self->events.progress, job, progress);
  };
  for (detail::Connection* connection : {&backend->connection(), blocking.get()}) {
    subscriptions.push_back(connection->on_up.subscribe([weak] {
      const auto self = weak.lock();
      if (!self) return;
      if (self->backend->connection().is_up() && self->blocking->is_up()) self->emit(self->events.ready);
      // What came while we were away is fetched now, not at the end of a pause.
      self->supply = detail::Supply::unknown;
      self->wake_all();
      self->stalled_wakeup.wake();
    }));
    subscriptions.push_back(connection->on_down.subscribe([weak] {
      const auto self = weak.lock();
      if (!self) return;
      if (!is_ending(self->phase)) self->emit(self->events.connection_closed);
      self->wake_all();
    }));
    subscriptions.push_back(connection->on_error.subscribe([weak](const std::exception& error) {
      const auto self = weak.lock();
      if (self && !is_ending(self->phase)) self->report(error);
    }));
  }
}

void Worker::State::keep_locks(const std::string& queue) {
  const auto post = [target = executor, weak = weak_from_this()](auto work) {
    asio::post(target, [weak, work = std::move(work)] {
      if (const auto self = weak.lock(); self && !self->is_over()) work(*self);
    });
  };
  detail::LockKeeper::Listener listener;
  listener.renewed = [post](std::vector<std::string> ids) {
    post([ids = std::move(ids)](State& self) { self.emit(self.events.locks_renewed, ids); });
  };
  listener.lost = [post](std::vector<detail::LostLock> lost) {
    post([lost = std::move(lost)](State& self) {
      for (const detail::LostLock& lock : lost) self.lock_lost(lock);
    });
  };
  listener.error = [post](std::string message) {
    post([message = std::move(message)](State& self) {
      self.report(Error("locks could not be renewed: " + message));
    });
  };
  locks = std::make_unique<detail::LockKeeper>(
      options.connection, options.prefix, queue, options.lock_duration,
      options.lock_renew_time.value_or(options.lock_duration / 2), std::move(listener));
}

Worker::Worker(Executor executor, std::string queue_name, Processor processor, WorkerOptions options) {
  validate(queue_name, options);
  state_ = std::make_shared<State>(executor, queue_name, std::move(processor), std::move(options));
  state_->listen_to_connections();
  if (!state_->processor) return;
  if (!state_->options.skip_lock_renewal) state_->keep_locks(queue_name);
  if (state_->options.autorun) state_->run_loop();
}

Worker::Worker(Executor executor, std::string queue_name, BlockingProcessor processor, WorkerOptions options)
    : Worker(executor, std::move(queue_name),
             std::make_shared<detail::PoolProcessor>(executor, std::move(processor), options), options) {}

Worker::Worker(Executor executor, std::string queue_name, std::shared_ptr<detail::PoolProcessor> pool,
               WorkerOptions options)
    : Worker(std::move(executor), std::move(queue_name), pool->as_coroutine(), std::move(options)) {
  // Whatever runs already has only begun to ask for jobs.
  state_->pool = std::move(pool);
}

Worker::Worker(Executor executor, std::string queue_name, WorkerOptions options)
    : Worker(std::move(executor), std::move(queue_name), Processor{}, std::move(options)) {}

Worker::~Worker() {
  if (state_) state_->destroy();
}
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&& other) noexcept {
  if (this != &other) {
    const Worker old(std::exchange(state_, std::move(other.state_)));
  }
  return *this;
}
Worker::Worker(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

const std::string& Worker::name() const noexcept {
  return state_->backend->queue_name();
}
const std::string& Worker::id() const noexcept {
  return state_->id;
}
const WorkerOptions& Worker::options() const noexcept {
  return state_->options;
}
WorkerEvents& Worker::events() noexcept {
  return state_->events;
}
bool Worker::is_running() const noexcept {
  return detail::has_loop(state_->phase);
}
bool Worker::is_paused() const noexcept {
  return detail::is_paused(state_->phase);
}
std::size_t Worker::concurrency() const noexcept {
  return state_->concurrency;
}
std::size_t Worker::active_count() const noexcept {
  return state_->in_process.size();
}

void Worker::set_concurrency(std::size_t concurrency) {
  if (concurrency == 0) throw ValidationError("concurrency must be a finite number greater than 0");
  state_->concurrency = concurrency;
  if (state_->pool) state_->pool->set_concurrency(concurrency);
  state_->wake_all();
}

awaitable<void> Worker::wait_until_ready() {
  const auto state = state_;
  co_await state->backend->connection().wait_until_up();
  co_await state->blocking->wait_until_up();
}

awaitable<void> Worker::run() {
  const auto state = state_;
  state->run_loop();
  const auto ended = [running = state.get()] { return !detail::has_loop(running->phase); };
  try {
    co_await state->wait_until(ended);
  } catch (const CancelledError&) {
    state->on(WorkerEvent::pause);
    throw;
  }
}

void Worker::State::run_loop() {
  if (!processor) throw ValidationError("No process function is defined.");
  on(WorkerEvent::run);
}

WorkerAction Worker::State::on(WorkerEvent event) {
  const detail::WorkerTransition transition = detail::next_phase(phase, event);
  const WorkerAction actions = transition.actions;
  if (has(actions, WorkerAction::refuse)) throw ValidationError("Worker is already running.");
  phase = transition.phase;
  if (actions == WorkerAction::none) return actions;
  if (has(actions, WorkerAction::tell_closing)) emit(events.closing);
  if (has(actions, WorkerAction::stop_stalled_check)) {
    ++stalled_generation;
    stalled_wakeup.wake();
  }
  if (has(actions, WorkerAction::unblock)) stop_blocking();
  if (has(actions, WorkerAction::start_stalled_check) && !options.skip_stalled_check) start_stalled_check();
  // Detached: see above who owns them.
  if (has(actions, WorkerAction::start_loop)) detail::run_detached(executor, fetch_loop(shared_from_this()));
  if (has(actions, WorkerAction::wind_up)) detail::run_detached(executor, wind_up(shared_from_this()));
  wake_all();
  if (has(actions, WorkerAction::tell_resumed)) emit(events.resumed);
  if (has(actions, WorkerAction::tell_closed)) emit(events.closed);
  return actions;
}

awaitable<void> Worker::pause(ActiveJobs active) {
  const auto state = state_;
  const WorkerAction actions = state->on(WorkerEvent::pause);
  if (active == ActiveJobs::wait) {
    const auto ended = [paused = state.get()] {
      return !detail::has_loop(paused->phase) || paused->phase == detail::WorkerPhase::running;
    };
    co_await state->wait_until(ended);
  }
  if (has(actions, WorkerAction::tell_paused)) state->emit(state->events.paused);
}

void Worker::resume() {
  const auto state = state_;
  state->on(state->processor ? WorkerEvent::resume : WorkerEvent::resume_by_hand);
}

bool Worker::cancel_job(std::string_view job_id, std::string reason) {
  bool found = false;
  const auto in_process = state_->in_process;
  for (const auto& [token, job] : in_process) {
    if (job->job.id() != job_id) continue;
    found = true;
    state_->cancel(*job, reason);
  }
  return found;
}

void Worker::cancel_all_jobs(std::string reason) {
  const auto state = state_;
  state->cancel_all(reason);
}

awaitable<void> Worker::close(std::optional<Milliseconds> deadline) {
  const auto state = state_;
  state->start_closing(deadline);
  const auto closed = [closing = state.get()] { return closing->is_over(); };
  co_await state->wait_until(closed);
}

awaitable<std::optional<Job>> Worker::get_next_job(std::string token, WhenEmpty when_empty) {
  const auto state = state_;
  if (state->stopping()) co_return std::nullopt;
  const std::int64_t now = detail::now_ms();
  if (state->limit_until > now) co_return std::nullopt;
  if (state->supply == detail::Supply::none && when_empty == WhenEmpty::wait && !state->blocked) {
    detail::FetchState looked = state->fetch_state();
    looked.active = 0;
    const detail::FetchLimits limits{state->options.drain_delay.count(), 0};
    const auto step = detail::next_fetch_step(looked, limits, now);
    if (const auto* marker = std::get_if<detail::BlockOnMarker>(&step)) {
      bool fetch_now = false;
      try {
        fetch_now = co_await state->block(marker->seconds);
      } catch (const ConnectionError&) {
        // The blocking connection broke; work may be waiting all the same.
        fetch_now = true;
      }
      if (!fetch_now || state->stopping()) co_return std::nullopt;
    }
  }
  while (true) {
    std::vector<std::string> tokens{token};
    auto found = co_await state->backend->move_to_active(std::move(tokens));
    detail::NextJob next = std::move(found.at(0));
    auto job = state->take(std::move(next), token);
    if (!job) co_return job;
    if (job->record().repeat_job_key) {
      const auto put_back = co_await state->schedule_next(*job);
      if (put_back) {
        co_await state->backend->put_back(job->record(), *put_back, token, false);
        continue;
      }
    }
    state->emit(state->events.active, *job);
    co_return job;
  }
}

void Worker::start_stalled_check_timer() {
  if (!state_->options.skip_stalled_check && !is_ending(state_->phase)) state_->start_stalled_check();
}

awaitable<void> Worker::rate_limit(Milliseconds duration) {
  const auto state = state_;
  detail::Command command = detail::make_command("SET", state->backend->keys().limiter, 9'007'199'254'740'991,
                                                 "PX", duration.count());
  co_await state->backend->run(std::move(command));
}

}  // namespace bullmq
