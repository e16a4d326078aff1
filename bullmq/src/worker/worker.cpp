#include "bullmq/worker.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "bullmq/error.hpp"
#include "core/identity.hpp"
#include "core/job_validation.hpp"
#include "redis/endpoint.hpp"
#include "worker/worker_state.hpp"

namespace bullmq {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

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
  if (options.connection.cluster && !detail::hash_tag(options.prefix + ":" + queue + ":")) {
    throw ValidationError("with a cluster, the queue's prefix or name needs a hash tag, got \"" +
                          options.prefix + ":" + queue + "\"");
  }
}

// The ways of a coroutine that nobody waits for: what it throws is an error event.
awaitable<void> run_and_report(std::shared_ptr<Worker::State> state) {
  try {
    co_await Worker::State::run(state);
  } catch (const std::exception& error) {
    state->emit(state->events.error, error);
  }
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
  backend = std::make_shared<detail::QueueBackend>(
      detail::Connection::open(executor, options.connection, routing_key), options.prefix, queue);
  backend->terms = {options.name,           options.lock_duration,
                    options.limiter,        options.remove_on_complete,
                    options.remove_on_fail, options.metrics_max_data_points};
  ConnectionOptions named = options.connection;
  named.client_name =
      detail::client_name(options.prefix, queue, options.name.empty() ? "" : ":w:" + options.name);
  blocking = detail::Connection::open(executor, std::move(named), routing_key);
}

Worker::Worker(Executor executor, std::string queue_name, Processor processor, WorkerOptions options) {
  validate(queue_name, options);
  state_ = std::make_shared<State>(executor, queue_name, std::move(processor), std::move(options));
  const auto state = state_;
  const std::weak_ptr<State> weak = state;
  state->backend->on_progress = [weak](const Job& job, std::string_view progress) {
    if (const auto self = weak.lock()) self->emit(self->events.progress, job, progress);
  };
  for (detail::Connection* connection : {&state->backend->connection(), state->blocking.get()}) {
    state->subscriptions.push_back(connection->on_up.subscribe([weak] {
      const auto self = weak.lock();
      if (!self) return;
      if (self->backend->connection().is_up() && self->blocking->is_up()) self->emit(self->events.ready);
      // What came while we were away is fetched now, not at the end of a pause.
      self->drained = false;
      self->wake_all();
    }));
    state->subscriptions.push_back(connection->on_down.subscribe([weak] {
      const auto self = weak.lock();
      if (self && !self->closing) self->emit(self->events.connection_closed);
    }));
    state->subscriptions.push_back(connection->on_error.subscribe([weak](const std::exception& error) {
      const auto self = weak.lock();
      if (self && !self->closing) self->emit(self->events.error, error);
    }));
  }
  if (!state->processor) return;
  if (!state->options.skip_lock_renewal) {
    const auto post = [executor, weak](auto work) {
      asio::post(executor, [weak, work = std::move(work)] {
        if (const auto self = weak.lock(); self && !self->closed) work(*self);
      });
    };
    state->locks = std::make_unique<detail::LockKeeper>(
        state->options.connection, state->options.prefix, queue_name, state->options.lock_duration,
        state->options.lock_renew_time.value_or(state->options.lock_duration / 2),
        detail::LockKeeper::Listener{
            [post](std::vector<std::string> ids) {
              post([ids = std::move(ids)](State& self) { self.emit(self.events.locks_renewed, ids); });
            },
            [post](std::vector<std::string> ids) {
              post([ids = std::move(ids)](State& self) {
                self.emit(self.events.lock_renewal_failed, ids);
                for (const std::string& job : ids) {
                  const Error lost("could not renew lock for job " + job);
                  self.emit(self.events.error, static_cast<const std::exception&>(lost));
                  const auto entry = self.running.find(job);
                  if (self.options.cancel_on_lost_lock && entry != self.running.end()) {
                    self.cancel(*entry->second, lost.what());
                  }
                }
              });
            },
            [post](std::string message) {
              post([message = std::move(message)](State& self) {
                const Error error("locks could not be renewed: " + message);
                self.emit(self.events.error, static_cast<const std::exception&>(error));
              });
            }});
  }
  // After the caller has subscribed to what it wants to hear.
  if (state->options.autorun) asio::co_spawn(executor, run_and_report(state), asio::detached);
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
  if (!state_ || state_->closed) return;
  state_->closing = true;
  state_->closed = true;
  if (state_->pool) {
    for (const auto& [job_id, job] : state_->running) job->stop.request_stop();
    state_->pool->end(state_->options.cancel_grace);
  }
  state_->locks.reset();
  state_->blocking->close();
  state_->backend->connection().close();
  state_->loop_wakeup.wake();
  state_->stalled_wakeup.wake();
}
Worker::Worker(Worker&&) noexcept = default;
Worker& Worker::operator=(Worker&& other) noexcept {
  Worker ended(std::move(*this));
  state_ = std::move(other.state_);
  return *this;
}

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
  return state_->running_loop;
}
bool Worker::is_paused() const noexcept {
  return state_->paused;
}
std::size_t Worker::concurrency() const noexcept {
  return state_->concurrency;
}
std::size_t Worker::active_count() const noexcept {
  return state_->running.size();
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
  co_await State::run(state);
}

awaitable<void> Worker::pause(bool do_not_wait_active) {
  const auto state = state_;
  if (std::exchange(state->paused, true)) co_return;
  ++state->stalled_generation;
  state->stalled_wakeup.wake();
  state->stop_blocking();
  state->wake_all();
  if (!do_not_wait_active) {
    co_await state->wait_until([&] { return !state->running_loop; }, Clock::time_point::max());
  }
  state->emit(state->events.paused);
}

void Worker::resume() {
  const auto state = state_;
  if (state->running_loop && !state->paused) return;
  state->paused = false;
  if (!state->running_loop) {
    if (state->processor) asio::co_spawn(state->executor, run_and_report(state), asio::detached);
  } else if (!state->options.skip_stalled_check) {
    asio::co_spawn(state->executor, State::check_stalled(state, ++state->stalled_generation), asio::detached);
  }
  state->wake_all();
  state->emit(state->events.resumed);
}

bool Worker::cancel_job(std::string_view job_id, std::string reason) {
  const auto entry = state_->running.find(job_id);
  if (entry == state_->running.end()) return false;
  state_->cancel(*entry->second, std::move(reason));
  return true;
}

void Worker::cancel_all_jobs(std::string reason) {
  const auto running = state_->running;
  for (const auto& [id, job] : running) state_->cancel(*job, reason);
}

awaitable<void> Worker::close(std::optional<Milliseconds> deadline) {
  const auto state = state_;
  co_await state->close(deadline);
}

awaitable<void> Worker::State::close(std::optional<Milliseconds> deadline) {
  const auto self = shared_from_this();
  if (std::exchange(closing, true)) {
    co_await wait_until([this] { return closed; }, Clock::time_point::max());
    co_return;
  }
  emit(events.closing);
  ++stalled_generation;
  stalled_wakeup.wake();
  stop_blocking();
  wake_all();
  const auto idle = [this] { return running.empty() && !running_loop; };
  co_await wait_until(idle, deadline ? Clock::now() + *deadline : Clock::time_point::max());
  if (!running.empty()) {
    const auto to_cancel = running;
    for (const auto& [job_id, job] : to_cancel) cancel(*job, "the worker is closing");
    co_await wait_until(idle, Clock::now() + options.cancel_grace);
  }
  const auto left = running;
  for (const auto& [job_id, job] : left) {
    try {
      co_await backend->move_to_wait(job_id, job->job.token());
    } catch (const std::exception& error) {
      emit(events.error, error);
    }
    job->given_back = true;
    if (!std::exchange(job->done, true)) abandon(*job);
    job->changed.wake();
  }
  // Those that are in the middle of a finish end with their connection; the loop, at its next look.
  if (!left.empty()) co_await wait_until(idle, Clock::now() + options.cancel_grace);
  if (pool) pool->end(Milliseconds(0));
  locks.reset();
  blocking->close();
  co_await backend->connection().drain_and_close();
  closed = true;
  emit(events.closed);
  wake_all();
}

awaitable<std::optional<Job>> Worker::get_next_job(std::string token, bool block) {
  const auto state = state_;
  if (state->paused || state->closing) co_return std::nullopt;
  const std::int64_t now = detail::now_ms();
  if (state->limit_until > now) co_return std::nullopt;
  if (state->drained && block && !state->blocked) {
    detail::FetchState looked = state->fetch_state();
    looked.active = 0;
    const detail::FetchTerms terms{state->options.drain_delay.count(), 0};
    const auto step = detail::next_fetch_step(looked, terms, now);
    if (const auto* marker = std::get_if<detail::BlockOnMarker>(&step)) {
      const bool fetch_now = co_await state->block(marker->seconds);
      if (!fetch_now) co_return std::nullopt;
    }
  }
  auto job = co_await state->fetch(std::move(token));
  co_return job;
}

void Worker::start_stalled_check_timer() {
  const auto state = state_;
  if (state->options.skip_stalled_check || state->closing) return;
  asio::co_spawn(state->executor, State::check_stalled(state, ++state->stalled_generation), asio::detached);
}

awaitable<void> Worker::rate_limit(Milliseconds duration) {
  const auto state = state_;
  detail::Command command = detail::make_command("SET", state->backend->keys().limiter, 9'007'199'254'740'991,
                                                 "PX", duration.count());
  co_await state->backend->run(std::move(command));
}

}  // namespace bullmq
